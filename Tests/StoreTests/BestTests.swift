// The best executions by a metric.

import Model
import RunsSQL
import Testing

@testable import Store

@Suite struct BestTests {
    let store: Store
    let run: RunID

    init() throws {
        store = try Store.inMemory()
        run = try store.beginRun(runStart(), liveness: liveness)
    }

    @discardableResult
    private func report(
        _ stage: String, _ values: [Double], of metric: String = "acc", params: [Param] = [],
        reading inputs: [RecordedPath] = [],
        making outputs: [RecordedPath] = []
    ) throws -> ExecutionID {
        let id = try store.begin(
            start(stage, params: params, inputs: inputs, outputs: outputs.map(\.path)), run: run, pipeline: "p")
        let points = values.enumerated().map {
            MetricPoint(name: metric, step: Int64($0), value: $1, recordedAt: time(2))
        }
        try store.finish(success(id, outputs: outputs, metrics: points))
        return id
    }

    private func best(largest: Bool = true, stages: [Int64]? = nil, limit: Int = 10) throws -> [ExecutionID] {
        try store.bestExecutions(by: "acc", ofStages: stages, largest: largest, limit: limit)?.map(\.id) ?? []
    }

    @Test func newestValueWinsThenNewestExecution() throws {
        let low = try report("a", [0.9, 0.1])
        let high = try report("a", [0.2, 0.8])
        let tied = try report("b", [0.8])
        #expect(try best() == [tied, high, low])
        #expect(try best(largest: false) == [low, tied, high])
        #expect(try best(limit: 1) == [tied])
        let stages = try store.stageNames().filter { $0.stage == "a" }.map(\.number)
        #expect(try best(stages: stages) == [high, low])
        #expect(try store.bestExecutions(by: "nope", ofStages: nil, largest: true, limit: 1) == nil)
        #expect(try store.metricNames() == ["acc"])
    }

    @Test func ignoredExecutions() throws {
        let good = try report("a", [0.5])
        try report("a", [.nan])
        try report("a", [0.7, .infinity])
        try report("a", [0.9], of: "other")
        try store.setRejected(try report("a", [1]), true)
        let failed = try store.begin(start("a"), run: run, pipeline: "p")
        try store.addMetrics([MetricPoint(name: "acc", step: nil, value: 2, recordedAt: time(2))], to: failed)
        try store.finish(failure(failed))
        #expect(try best() == [good])
    }

    @Test func paramsOfEverythingUpstreamAreIncluded() throws {
        let lr = Param(name: "lr", value: .number("0.1"))
        let data = Param(name: "data", value: .string("\"quoted\""))
        try report("train", [0], params: [lr], making: [recorded("m", "model", 1)])
        try report("judge", [0.5], params: [data], reading: [recorded("m", "model", 1)])
        let first = try #require(try store.bestExecutions(by: "acc", ofStages: nil, largest: true, limit: 1)?.first)
        #expect(
            first.params == [
                .init(stage: "judge", name: "data", value: .string("\"quoted\"")),
                .init(stage: "train", name: "lr", value: .number("0.1")),
            ])
    }

    /// A seek for each execution that reported it, through the index by name; or for each of the stages' executions.
    @Test(arguments: [
        (
            SQL.bestExecutions,
            [
                "SEARCH m USING COVERING INDEX metric_points_by_name (name_id=? AND execution_id>?)",
                "SEARCH e USING INTEGER PRIMARY KEY",
            ]
        ), (SQL.bestExecutionsOfStages, ["SEARCH e USING INDEX execution_rows_by_stage (stage_id=?)"]),
    ])
    func otherValuesAreNotScanned(statement: Statement, expected: [String]) throws {
        let plan = try PreparedStatement(
            "EXPLAIN QUERY PLAN " + statement.text, in: store.connection, isPersistent: false)
        let details = try plan.all { row in row.text(3) }
        for step in expected { #expect(details.contains { $0.hasPrefix(step) }, "\(step): \(details)") }
        let value = details.filter { $0.hasPrefix("SEARCH l USING INDEX metric_points_by_") }
        #expect(value.count == 1 && value[0].contains("execution_id=?") && value[0].contains("name_id=?"), "\(details)")
    }
}
