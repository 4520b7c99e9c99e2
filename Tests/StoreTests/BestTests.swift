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

    /// The highest step, in whatever order; then a value without a step, if it is the newest. The same everywhere.
    @Test func whatTheLastValueIs() throws {
        let curves: [[(step: Int64?, value: Double)]] = [
            [(1, 0.1), (3, 0.3), (2, 0.2)], [(3, 0.31), (3, 0.32), (1, 0.9)], [(2, 0.5), (nil, 0.4)],
            [(nil, 0.9), (1, 0.6)], [(nil, 0.9), (nil, 0.7)], [(-2, 0.9), (-1, 0.8), (-3, 0.7)],
            [(1, 0.1), (nil, 0.2), (0, 0.3)],
        ]
        let expected = [0.3, 0.32, 0.4, 0.6, 0.7, 0.8, 0.1]
        var ids: [ExecutionID] = []
        for (number, curve) in curves.enumerated() {
            let id = try store.begin(start("s\(number)"), run: run, pipeline: "p")
            // Alternating with another curve, as stages report.
            let points = curve.flatMap { point in
                ["acc", "other"].map {
                    MetricPoint(name: $0, step: point.step, value: point.value, recordedAt: time(2))
                }
            }
            try store.addMetrics(points, to: id)
            try store.finish(success(id))
            ids.append(id)
        }
        for name in ["acc", "other"] {
            #expect(
                try store.rows("SELECT last FROM final_metrics WHERE name = '\(name)' ORDER BY execution_id")
                    == expected.map { [.real($0)] })
            let best = try #require(
                try store.bestExecutions(by: name, ofStages: nil, largest: true, limit: 10))
            #expect(best.sorted { $0.id < $1.id }.map(\.value) == expected)
            let behind = try store.metric(name, behind: run).sorted { $0.stage < $1.stage }
            #expect(behind.map(\.current) == expected.map { [$0] })
        }
        let facts = try store.executions(ids, inDetail: false)
        #expect(ids.map { facts[$0]?.metrics.first { $0.name == "acc" }?.value.doubleValue } == expected)
        let history = try store.history(ofStages: try store.stageNames().map(\.number), limit: 10)
        let metrics = try #require(history.columns.firstIndex(of: "metrics"))
        #expect(
            history.rows.reversed().map { $0[metrics] } == expected.map { .text("{\"acc\":\($0),\"other\":\($0)}") })
    }

    @Test func manyPointsOfManyCurvesKeepTheirOrder() throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        var points: [MetricPoint] = []
        for step in 0..<1000 {
            let value = step % 11 == 0 ? Double.nan : Double(step)
            for curve in 0..<(step % 7) {
                points.append(
                    MetricPoint(
                        name: "c\(curve)", step: curve == 3 ? nil : Int64(step), value: value,
                        recordedAt: time(step / 300)))
            }
        }
        try store.addMetrics(points, to: id)
        for curve in 0..<7 {
            let expected = points.filter { $0.name == "c\(curve)" }.map(Self.row)
            let found = try store.rows(
                """
                SELECT step, value, value_text, recorded_at FROM metric_points m
                JOIN names n ON n.name_id = m.name_id WHERE n.name = 'c\(curve)' ORDER BY metric_point_id
                """)
            #expect(found == expected)
        }
    }

    private static func row(_ point: MetricPoint) -> [TableValue] {
        let step: TableValue = point.step.map { .integer($0) } ?? .null
        let isNumber = !point.value.isNaN
        return [
            step, isNumber ? .real(point.value) : .null, isNumber ? .null : .text("NaN"),
            .text(point.recordedAt.iso8601),
        ]
    }

    /// The median, under the last of them; what was rejected or failed does not count.
    @Test func repeatsOfARunAreOneExecution() throws {
        func repeated(_ values: [Double], in run: RunID) throws -> [ExecutionID] {
            var ids: [ExecutionID] = []
            for (index, value) in values.enumerated() {
                var start = start("a")
                start.repetition = index + 1
                let id = try store.begin(start, run: run, pipeline: "p")
                try store.finish(
                    success(id, metrics: [MetricPoint(name: "acc", step: nil, value: value, recordedAt: time(2))]))
                ids.append(id)
            }
            return ids
        }
        let single = try report("a", [0.55])
        let next = try store.beginRun(runStart(), liveness: liveness)
        let odd = try repeated([0.9, 0.1, 0.5, 0.6, 0.4], in: next)
        let third = try store.beginRun(runStart(), liveness: liveness)
        let even = try repeated([0.2, 0.99, 0.3, .nan], in: third)
        try store.setRejected(even[1], true)
        let best = try #require(try store.bestExecutions(by: "acc", ofStages: nil, largest: true, limit: 10))
        #expect(best.map(\.id) == [single, odd[4], even[2]] && best.map(\.value) == [0.55, 0.5, 0.25])
        #expect(best.map(\.pipeline) == ["p", "p", "p"])
        let behind = try #require(try store.metric("acc", behind: third).first)
        #expect(behind.past == [[0.55], [0.9, 0.1, 0.5, 0.6, 0.4]] && behind.current.count == 3)
        let facts = try store.executions([odd[4], single], inDetail: false)
        #expect(facts[odd[4]]?.metrics.map(\.value) == [.number("0.5")] && facts[odd[4]]?.repeats == 5)
        #expect(facts[single]?.repeats == nil && facts[single]?.metrics.map(\.value) == [.number("0.55")])
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
