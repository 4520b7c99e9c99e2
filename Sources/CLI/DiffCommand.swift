// `runs diff`: what differs between two runs. Knows which executions to read; Report compares them.

import ArgumentParser
import Model
import Report
import Store

enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two runs, stage by stage.",
        discussion: """
            Compare params, variables, digests of inputs and outputs, metrics, time, memory and commit, and print \
            those that differ. For a stage that was fresh in a run, compare the execution that made its outputs.
            """)

    @Argument(help: "Number or tag of the run, latest, or latest~1 for the one before")
    var first = "latest~1"

    @Argument(help: "Run to compare it with")
    var second = "latest"

    @Option(help: "Print the differences in this format; docs/store.md describes the JSON")
    var format = ReportFormat.text

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        var old = try store.facts(of: store.findRun(first), .whatItHad)
        var new = try store.facts(of: store.findRun(second), .whatItHad)
        // Most stages have the same execution in both runs, which need not be read.
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
