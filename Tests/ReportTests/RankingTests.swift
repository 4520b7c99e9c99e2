// The best executions as a table.

import Model
import Testing

@testable import Report

private func ranked(
    _ id: Int64, _ stage: String, _ value: Double, _ params: [(String, String, JSONValue)], pipeline: String = "p"
) -> RankedExecution {
    var execution = RankedExecution(
        id: ExecutionID(id), runID: RunID(1), pipeline: pipeline, stage: stage,
        startedAt: "2026-11-24T08:30:13.000042Z", value: value)
    execution.params = params.map { .init(stage: $0.0, name: $0.1, value: $0.2) }
    return execution
}

@Suite struct RankingTests {
    @Test func aParamThatStagesAgreeOnIsOneColumn() {
        let columns = lineageColumns([
            [
                .init(stage: "judge", name: "seed", value: .number("7")),
                .init(stage: "train", name: "seed", value: .number("7")),
            ],
            [.init(stage: "train", name: "lr", value: .number("0.1"))],
        ])
        #expect(
            columns == [
                LineageColumn(name: "lr", values: [[], [.number("0.1")]]),
                LineageColumn(name: "seed", values: [[.number("7")], []]),
            ])
    }

    @Test func templatesThatDifferHaveColumnsOfTheirOwn() {
        let columns = lineageColumns([
            [
                .init(stage: "tune@x=1", name: "lr", value: .number("0.2")),
                .init(stage: "train", name: "lr", value: .number("0.1")),
            ],
            [.init(stage: "train", name: "lr", value: .number("0.3"))],
        ])
        #expect(columns.map(\.name) == ["train.lr", "tune.lr"])
        #expect(columns.map(\.values) == [[[.number("0.1")], [.number("0.3")]], [[.number("0.2")], []]])
    }

    @Test func allValuesOfATemplateAreListed() {
        let best = [
            ranked(
                1, "sum", 1,
                [
                    ("train@d=a", "lr", .number("0.1")), ("train@d=b", "lr", .number("0.2")),
                    ("train@d=c", "lr", .number("0.1")),
                ])
        ]
        let table = rankingTable(best, metric: "acc")
        #expect(table.columns == ["run_id", "stage", "acc", "lr", "execution_id", "started_at"])
        #expect(
            table.rows == [
                [
                    .integer(1), .text("sum"), .real(1), .text("0.1|0.2"), .integer(1),
                    .text("2026-11-24T08:30:13.000042Z"),
                ]
            ])
    }

    @Test func onlyVaryingParamsAreShown() {
        let same = (0..<7).map { ("train", "p\($0)", JSONValue.integer($0)) }
        let best = [
            ranked(
                2, "judge@d=a", 0.912345678,
                same + [("train", "lr", .string("x\u{1b}")), ("judge@d=a", "d", .string("a"))]),
            ranked(1, "judge@d=b", 0.5, same + [("train", "lr", .null), ("judge@d=b", "d", .string("b"))]),
        ]
        let table = rankingTable(best, metric: "acc", width: nil)
        #expect(table.columns == ["run", "stage", "acc", "lr", "execution", "started"])
        #expect(
            table.rows.map { Array($0[2...3]) } == [[.text("0.9123"), .text("x\\e")], [.text("0.5"), .text("null")]])
        #expect(table.roles.same.map { "\($0.name)=\($0.value)" } == (0..<7).map { "p\($0)=\($0)" })
        #expect(rankingTable(best, metric: "acc").columns.count == 5 + 9)
        // Too narrow for the stages' full names: their values become columns.
        let narrow = rankingTable(best, metric: "acc", width: 60)
        #expect(narrow.columns == ["run", "stage", "acc", "d", "lr", "execution", "started"])
        #expect(narrow.rows.map { $0[1] } == [.text("judge"), .text("judge")])
    }

    @Test func stagesOfSeveralPipelinesAreTold() {
        let best = [ranked(2, "train", 0.9, [], pipeline: "big"), ranked(1, "train", 0.5, [])]
        let (forPeople, forPrograms) = (
            rankingTable(best, metric: "acc", width: nil), rankingTable(best, metric: "acc")
        )
        for (columns, rows) in [(forPeople.columns, forPeople.rows), (forPrograms.columns, forPrograms.rows)] {
            #expect(Array(columns[1...3]) == ["pipeline", "stage", "acc"])
            #expect(rows.map { $0[1] } == [.text("big"), .text("p")])
        }
        #expect(forPeople.roles.names == [2] && forPeople.roles.answers == [3])
    }

    @Test func jsonListsParamsByStage() {
        let json = rankingJSON(
            [ranked(2, "judge", 0.5, [("judge", "d", .string("a")), ("train", "lr", .number("0.10"))])], metric: "acc")
        #expect(
            json.map(\.text) == [
                #"{"run_id":1,"execution_id":2,"stage":"judge","started_at":"2026-11-24T08:30:13.000042Z","metric":"acc","value":0.5,"params":{"judge":{"d":"a"},"train":{"lr":0.10}},"pipeline":"p"}"#
            ])
    }
}
