// `runs show`: one run on a page.

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
        commandName: "show", abstract: "One run: when, how it ended, and what became of the stages that were not fresh."
    )

    @Argument(help: ArgumentHelp("A run's number, latest, or latest~1 for the one before it.", valueName: "run"))
    var word = "latest"

    @Option(help: "text, json (docs/store.md describes it) or markdown (for a pull request).")
    var format = PageFormat.text

    @Flag(help: "Only what tracked files held that the commit did not, as a patch.")
    var gitDiff = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        if gitDiff { return try showDiff(of: store.run(named: word), store) }
        let facts = try store.facts(of: store.run(named: word), .whatHappened)
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
                "no changes are recorded of run \(run): there were none, it executed nothing, or --no-git-diff was given."
            )
        }
        guard let bytes = diff.gzip.flatMap({ gunzip($0, sizeBytes: diff.sizeBytes) }) else {
            throw Failure(.store, "the changes recorded of run \(run) are damaged. `runs doctor` checks the store.")
        }
        Terminal.standardOutput.writeForeign(String(decoding: bytes, as: UTF8.self))
        if diff.isCut {
            Terminal.standardError.writeLine(
                "only the first \(byteText(Int64(diff.sizeBytes))) of the changes were kept")
        }
    }
}
