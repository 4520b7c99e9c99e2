// `runs show`: one run on a page.

import ArgumentParser
import Model
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

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        let facts = try store.facts(of: store.run(named: word), .whatHappened)
        switch format {
        case .text: Terminal.standardOutput.writeForeign(runPage(facts, width: Terminal.standardOutput.size?.columns))
        case .json: Terminal.standardOutput.writeForeign(runJSON(facts).text + "\n")
        case .markdown: Terminal.standardOutput.writeForeign(runMarkdown(facts))
        }
    }
}
