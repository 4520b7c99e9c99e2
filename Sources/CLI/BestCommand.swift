// `runs best`: the executions with the best value of a metric, and their params. Knows options and output formats; the
// store ranks.

import ArgumentParser
import Model
import Report
import Store

enum Direction: String, EnumerableFlag {
    case max, min

    static func help(for value: Direction) -> ArgumentHelp? {
        value == .max ? "Rank the largest value first" : "Rank the smallest value first"
    }
}

struct BestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "best",
        abstract: "List the executions with the best final value of a metric, and their params.",
        discussion: """
            The params include those of all upstream executions, so that a score is listed with the learning rate of \
            the model that it evaluates. Succeeded executions of all runs are ranked, except rejected ones and values \
            that are not numbers. Repeats of a run count as one, by their median. Equal values are listed newest first.
            """)

    @Argument(help: "Name of the metric as in final_metrics: accuracy, or test.f1 if nested")
    var metric: String

    @Flag(help: ArgumentHelp(""))
    var direction = Direction.max

    @Option(help: "Rank only this stage: a template name, a name with values, a full name or a glob")
    var stage: String?

    @Option(help: "List at most this many executions")
    var top = 10

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if top < 1 { throw ValidationError("--top must be at least 1") }
    }

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        let stages = try stage.map { try store.stages(named: $0).map(\.number) }
        guard
            let best = try store.bestExecutions(by: metric, ofStages: stages, largest: direction == .max, limit: top)
        else { throw try unknownMetric(in: store) }
        guard !best.isEmpty else {
            throw Failure(
                .usage,
                "no succeeded execution\(stage.map { " of '\($0)'" } ?? "") reported a number for '\(metric)' "
                    + "(`runs query \"select * from final_metrics\"` lists all metrics)")
        }
        switch formatOptions.chosen {
        case .json:
            Terminal.standardOutput.writeForeign(JSONValue.array(rankingJSON(best, metric: metric)).text + "\n")
        case .jsonl:
            for object in rankingJSON(best, metric: metric) { Terminal.standardOutput.writeForeign(object.text + "\n") }
        case .box, .markdown:
            let width = formatOptions.chosen == .box ? Terminal.standardOutput.size?.columns : nil
            let table = rankingTable(best, metric: metric, width: width)
            formatOptions.write(Table(columns: table.columns, rows: table.rows), table.roles)
        case .csv, .csvSafe, .tsv, .line, .list:
            let table = rankingTable(best, metric: metric)
            formatOptions.write(Table(columns: table.columns, rows: table.rows))
        }
    }

    private func unknownMetric(in store: Store) throws -> Failure {
        let names = try store.metricNames()
        guard !names.isEmpty else {
            return Failure(
                .usage, "no stage has reported a metric yet (metrics are read from outputs with \"metrics\": true)")
        }
        let some = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
        return Failure(
            .usage, "unknown metric '\(metric)'" + suggestion(for: metric, among: names, else: "known metrics: \(some)")
        )
    }
}
