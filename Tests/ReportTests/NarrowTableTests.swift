// Tables on terminals of 80 and 200 columns: nothing that was asked for is cut, and no two rows read the same.

import Model
import Testing

@testable import Report

@Suite struct NarrowTableTests {
    /// A sweep of 24 points, as of `Examples/sweep`.
    private var sweep: [RankedExecution] {
        var id: Int64 = 0
        return ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3"].flatMap { rate in
            [2, 4, 8, 16].map { size in
                id += 1
                var execution = RankedExecution(
                    id: ExecutionID(id), runID: RunID(1), pipeline: "sweep",
                    stage: "evaluate@lr=\(rate),hidden_dim=\(size)",
                    startedAt: "2026-11-24T08:30:13.000042Z", value: 1 / Double(id))
                execution.params = [
                    ("preprocess", "seed", JSONValue.number("7")), ("preprocess", "test_share", .number("0.5")),
                    ("train", "epochs", .number("10")), ("train", "lr", .number(rate)),
                    ("train", "hidden_dim", .integer(Int64(size))),
                ].map { .init(stage: $0.0, name: $0.1, value: $0.2) }
                return execution
            }
        }
    }

    private func ranking(_ rows: ArraySlice<RankedExecution>, width: Int) -> String {
        let table = rankingTable(Array(rows), metric: "accuracy", width: width)
        var writer = TableWriter(format: .box, columns: table.columns, width: width, roles: table.roles)
        for row in table.rows { _ = writer.add(row: row) }
        return writer.finish()
    }

    @Test func theBestInEightyColumns() {
        #expect(
            ranking(sweep[3..<6], width: 80)
                == """
                ┌──────────┬────────────┬───────┬───────────┐
                │ accuracy │ hidden_dim │  lr   │ execution │
                ├──────────┼────────────┼───────┼───────────┤
                │     0.25 │         16 │ 0.001 │         4 │
                │      0.2 │          2 │ 0.003 │         5 │
                │   0.1667 │          4 │ 0.003 │         6 │
                └──────────┴────────────┴───────┴───────────┘
                same in all rows: epochs=10, seed=7, test_share=0.5, run=1, stage=evaluate,
                  started=2026-11-24 08:30:13

                """)
    }

    @Test func theBestInTwoHundredColumns() {
        #expect(
            ranking(sweep[3..<6], width: 200) == """
                ┌─────┬─────────────────────────────────┬──────────┬───────────┬─────────────────────┐
                │ run │              stage              │ accuracy │ execution │       started       │
                ├─────┼─────────────────────────────────┼──────────┼───────────┼─────────────────────┤
                │   1 │ evaluate@lr=0.001,hidden_dim=16 │     0.25 │         4 │ 2026-11-24 08:30:13 │
                │   1 │ evaluate@lr=0.003,hidden_dim=2  │      0.2 │         5 │ 2026-11-24 08:30:13 │
                │   1 │ evaluate@lr=0.003,hidden_dim=4  │   0.1667 │         6 │ 2026-11-24 08:30:13 │
                └─────┴─────────────────────────────────┴──────────┴───────────┴─────────────────────┘
                same in all rows: epochs=10, seed=7, test_share=0.5

                """)
    }

    /// Values that differ are shown at any width that has room for them, in columns or in the names of stages.
    @Test(arguments: [40, 60, 80, 120]) func differingParamsAreShown(width: Int) {
        let text = ranking(sweep[...], width: width)
        let head = text.split(separator: "\n")[1]
        #expect(head.contains("accuracy"), "\(text)")
        #expect(
            ["hidden_dim", "lr"].allSatisfy { head.contains($0) || text.contains("evaluate@lr=0.001,hidden_dim=2 ") },
            "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width }, "\(text)")
    }

    private func differences(width: Int?) -> String {
        func run(_ number: Int64, _ byte: UInt8) -> RunFacts {
            var run = RunFacts(id: RunID(number))
            for rate in ["0.001", "0.003"] {
                for size in [2, 16] {
                    let point = "lr=\(rate),hidden_dim=\(size)"
                    let id = ExecutionID(number * 100 + Int64(run.stages.count))
                    var stage = StageOfRun(
                        stage: "evaluate@\(point)",
                        decision: Decision(verdict: .run, reasons: [Reason(.neverRan)], executionID: id))
                    var execution = ExecutionFacts(id: id, runID: run.id)
                    execution.state = .succeeded
                    execution.params = [
                        Param(name: "note", value: .string(String(repeating: "long ", count: 20) + "\(number)"))
                    ]
                    execution.outputs = ["scores", "checkpoints"].flatMap { folder in
                        ["test", "train"].compactMap { part in
                            Digest(bytes: [UInt8](repeating: byte, count: 32)).map {
                                RecordedPath(
                                    name: folder, path: "\(folder)/\(part)/\(point).json",
                                    fingerprint: Fingerprint(kind: .content, digest: $0, sizeBytes: 1))
                            }
                        }
                    }
                    stage.execution = execution
                    run.stages.append(stage)
                }
            }
            return run
        }
        return differencesText(between: run(1, 1), and: run(2, 2), width: width)
    }

    @Test(arguments: [80, 100, 200]) func noTwoRowsOfADiffReadTheSame(width: Int) {
        let text = differences(width: width)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("│ eval") || $0.hasPrefix("│ …") }
        #expect(rows.count == 20 && Set(rows).count == 20, "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width }, "\(text)")
        for row in rows {
            let cells = row.split(separator: "│").map { $0.trimmingPrefix(" ") }
            #expect(cells[2] != cells[3], "the values differ: \(row)")
        }
    }

    @Test(arguments: 8...40) func namesStayDifferent(width: Int) {
        let names = sweep.map(\.stage)
        let cutting = NameCutting(names)
        let cut = names.map { cutting.cut($0, to: width) }
        #expect(cut.allSatisfy { displayWidth($0) <= width })
        if width >= cutting.leastWidth { #expect(Set(cut).count == names.count, "\(cut)") }
        #expect(cutting.leastWidth <= 20)
    }
}
