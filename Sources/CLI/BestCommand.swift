// `runs best`: the executions with the best value of a metric, and the params that led to it.

import ArgumentParser
import Model
import Report
import Store

enum Direction: String, EnumerableFlag {
    case max, min

    static func help(for value: Direction) -> ArgumentHelp? {
        value == .max ? "The largest value is the best." : "The smallest value is the best."
    }
}

struct BestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "best",
        abstract: "The executions with the best newest value of a metric, and the params that led to it.",
        discussion: """
            The params are those of the execution and of everything upstream of it: a score stands beside the \
            learning rate of the model that it evaluates. All succeeded executions count, of every run; those that were \
            rejected, and values that are no number, do not. Of equal ones the newest comes first.
            """)

    @Argument(help: "The metric's name, as in final_metrics: accuracy, or test.f1 for nested ones.")
    var metric: String

    @Flag(help: ArgumentHelp(""))
    var direction = Direction.max

    @Option(help: "Only of this stage: a template name, a name with values, a full name or a glob.")
    var stage: String?

    @Option(help: "At most this many executions.")
    var top = 10

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if top < 1 { throw ValidationError("--top must be at least 1.") }
    }

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        let stages = try stage.map { try store.stages(named: $0).map(\.number) }
        guard
            let best = try store.bestExecutions(by: metric, ofStages: stages, largest: direction == .max, limit: top)
        else { throw try unknown(in: store) }
        guard !best.isEmpty else {
            throw Failure(
                .usage,
                "no execution\(stage.map { " of '\($0)'" } ?? "") succeeded with a number for '\(metric)'. "
                    + "`runs query \"select * from final_metrics\"` shows what was reported.")
        }
        switch formatOptions.chosen {
        case .json:
            Terminal.standardOutput.writeForeign(JSONValue.array(rankingJSON(best, metric: metric)).text + "\n")
        case .jsonl:
            for object in rankingJSON(best, metric: metric) { Terminal.standardOutput.writeForeign(object.text + "\n") }
        case .box, .markdown: write(rankingTable(best, metric: metric, isForPeople: true))
        case .csv, .tsv, .line, .list: write(rankingTable(best, metric: metric, isForPeople: false))
        }
    }

    private func write(_ table: (columns: [String], rows: [[TableValue]], same: String)) {
        formatOptions.write(
            Table(columns: table.columns, rows: table.rows), rightAligned: Set(2..<max(3, table.columns.count - 2)))
        guard formatOptions.chosen == .box, !table.same.isEmpty else { return }
        Terminal.standardOutput.writeForeign("the same in all: \(table.same)\n")
    }

    private func unknown(in store: Store) throws -> Failure {
        let names = try store.metricNames()
        guard !names.isEmpty else {
            return Failure(
                .usage, "no stage reported a metric yet. An output with \"metrics\": true is read into the store.")
        }
        let hint = nearest(to: metric, among: names).map { " Did you mean '\($0)'?" }
        let some = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
        return Failure(.usage, "no stage reported a metric '\(metric)'.\(hint ?? " There are: \(some).")")
    }
}
