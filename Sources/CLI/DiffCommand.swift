// `runs diff`: two runs side by side.

import ArgumentParser
import Model
import Report
import Store

enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What differs between two runs, stage by stage.",
        discussion: """
            Params, variables, digests of inputs and outputs, metrics, time, memory and commit; what is the same is \
            left out. A stage that a run found fresh stands for the execution whose outputs it took.
            """)

    @Argument(help: "A run's number, latest, or latest~1 for the one before it.")
    var first = "latest~1"

    @Argument(help: "The run to compare it with.")
    var second = "latest"

    @Option(help: "text or json (docs/store.md describes it).")
    var format = ReportFormat.text

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        var old = try store.facts(of: store.run(named: first), .whatItHad)
        var new = try store.facts(of: store.run(named: second), .whatItHad)
        // Of most stages both runs had the same execution: nothing of it need be read.
        let before = Set(old.stages.compactMap(\.decision.executionID))
        let after = Set(new.stages.compactMap(\.decision.executionID))
        try store.addExecutions(to: &old.stages, inDetail: true, only: before.subtracting(after))
        try store.addExecutions(to: &new.stages, inDetail: true, only: after.subtracting(before))
        switch format {
        case .text:
            let width = Terminal.standardOutput.size?.columns
            Terminal.standardOutput.writeForeign(differencesText(between: old, and: new, width: width))
        case .json: Terminal.standardOutput.writeForeign(differencesJSON(between: old, and: new).text + "\n")
        }
    }
}
