// `runs show`: one run on a page. Knows options; the page is Report's.

import ArgumentParser
import Model
import Provenance
import Report
import Store

enum PageFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, markdown
}

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a run: when it ran, how it ended, and the stages that were not fresh.")

    @Argument(help: ArgumentHelp("Number or tag of the run, latest, or latest~1 for the one before", valueName: "run"))
    var word = "latest"

    @Option(help: "Print the run in this format; docs/store.md describes the JSON")
    var format = PageFormat.text

    @Flag(help: "Print only the uncommitted changes of the run, as a patch")
    var gitDiff = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let project = try Project.find(from: ".", storeOptions)
        let store = try project.openForReading()
        let run = try store.findRun(word)
        if gitDiff { return try showDiff(of: run, store) }
        var facts = try store.facts(of: run, .whatHappened)
        if facts.status == .running { facts.unrecordedEnd = try project.unrecordedEnd(of: run, in: store) }
        switch format {
        case .text: Terminal.standardOutput.writeForeign(runPage(facts, width: Terminal.standardOutput.size?.columns))
        case .json: Terminal.standardOutput.writeForeign(runJSON(facts).text + "\n")
        case .markdown: Terminal.standardOutput.writeForeign(runMarkdown(facts))
        }
    }

    private func showDiff(of run: RunID, _ store: Store) throws {
        guard let diff = try store.gitDiff(of: run) else {
            throw Failure(
                .usage,
                "run \(run) has no uncommitted changes recorded (none existed, nothing was executed, or --no-git-diff "
                    + "was given)")
        }
        guard let bytes = diff.gzip.flatMap({ gunzip($0, sizeBytes: diff.sizeBytes) }) else {
            throw Failure(
                .store,
                "the uncommitted changes recorded for run \(run) are corrupt (check the store with `runs doctor`)")
        }
        Terminal.standardOutput.writeForeign(String(decoding: bytes, as: UTF8.self))
        if diff.isCut {
            Terminal.standardError.writeLine(
                "warning: patch truncated: only the first \(byteText(Int64(diff.sizeBytes))) were recorded")
        }
    }
}
