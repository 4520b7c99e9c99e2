// What differs between two runs.

import Model
import Report
import Testing

private func run(_ number: Int64, _ stages: [StageOfRun]) -> RunFacts {
    var run = RunFacts(id: RunID(number))
    run.pipeline = "p"
    run.stages = stages
    return run
}

private func stage(_ name: String, _ id: Int64, _ change: (inout ExecutionFacts) -> Void = { _ in }) -> StageOfRun {
    var stage = StageOfRun(
        stage: name, decision: Decision(verdict: .run, reasons: [Reason(.neverRan)], executionID: ExecutionID(id)))
    var execution = ExecutionFacts(id: ExecutionID(id), runID: RunID(1))
    execution.state = .succeeded
    execution.wallSeconds = 1
    change(&execution)
    stage.execution = execution
    return stage
}

private func path(_ path: String, _ byte: UInt8) throws -> RecordedPath {
    let digest = try #require(Digest(bytes: [UInt8](repeating: byte, count: 32)))
    return RecordedPath(name: path, path: path, fingerprint: Fingerprint(kind: .content, digest: digest, sizeBytes: 1))
}

/// `stage kind name first second` of each.
private func lines(_ first: RunFacts, _ second: RunFacts) -> [String] {
    differences(between: first, and: second).map { difference in
        [
            difference.stage ?? "-", difference.kind.rawValue, difference.name ?? "-", difference.first.text,
            difference.second.text,
        ]
        .joined(separator: " ")
    }
}

@Suite struct RunDifferenceTests {
    private typealias Change = (inout ExecutionFacts) -> Void

    private func expect(
        _ first: Change, _ second: Change, _ expected: [String], at place: SourceLocation = #_sourceLocation
    ) {
        #expect(
            lines(run(1, [stage("s", 1, first)]), run(2, [stage("s", 2, second)])) == expected, sourceLocation: place)
    }

    @Test func differencesAreListed() {
        let (lr, other) = (Param(name: "lr", value: .number("0.1")), Param(name: "lr", value: .number("0.2")))
        let same = Param(name: "n", value: .number("1"))
        expect({ $0.params = [lr, same] }, { $0.params = [other, same] }, ["s param lr 0.1 0.2"])
        expect({ _ in }, { $0.params = [Param(name: "x", value: .string("y"))] }, [#"s param x null "y""#])
        let (score, nan) = (
            MetricFact(name: "acc", value: .number("0.5")), MetricFact(name: "gone", value: .string("NaN"))
        )
        expect({ $0.metrics = [score, nan] }, { $0.metrics = [score] }, [#"s metric gone "NaN" null"#])
        expect({ $0.state = .failed }, { _ in }, [#"s state - "failed" "succeeded""#])
        expect(
            {
                $0.maxRSSBytes = 5
                $0.command = "a"
            },
            {
                $0.wallSeconds = 2
                $0.maxRSSBytes = 6
                $0.command = "b"
            },
            [#"s command - "a" "b""#, "s wall - 1.0 2.0", "s memory - 5 6"])
        let (unset, set) = (EnvironmentVariable(name: "V", value: nil), EnvironmentVariable(name: "V", value: "1"))
        expect({ $0.environment = [unset] }, { $0.environment = [set] }, [#"s env V null "1""#])
        expect({ _ in }, { _ in }, [])
    }

    @Test func digestsAreComparedByPath() throws {
        let (a, b, c) = (try path("a", 1), try path("a", 2), try path("c", 3))
        let found = lines(
            run(1, [stage("s", 1) { $0.inputs = [a, c] }]),
            run(
                2,
                [
                    stage("s", 2) {
                        $0.inputs = [b, c]
                        $0.outputs = [a]
                    }
                ]))
        #expect(found.map { $0.prefix(12) } == ["s input a \"0", "s output a n"])
    }

    @Test func stagesThatOneRunLacksComeLast() {
        var blocked = StageOfRun(
            stage: "b", decision: Decision(verdict: .blocked, reasons: [Reason(.blocked, subject: "a")]))
        blocked.execution = nil
        #expect(
            lines(run(1, [stage("gone", 1), stage("b", 2)]), run(2, [blocked, stage("new", 3)])) == [
                #"b state - "succeeded" "blocked""#, #"new state - null "succeeded""#,
                #"gone state - "succeeded" null"#,
            ])
    }

    @Test func sharedExecutionsAreNotCompared() {
        #expect(lines(run(1, [stage("s", 1)]), run(2, [stage("s", 1) { $0.wallSeconds = 9 }])).isEmpty)
    }

    @Test func theTableOmitsEqualLookingFigures() {
        let (old, new) = (
            run(
                1,
                [
                    stage("s", 1) { $0.wallSeconds = 1.01 },
                    stage("t", 2) { $0.command = "run --long-option x --lr 0.1 y" },
                ]),
            run(
                2,
                [
                    stage("s", 3) { $0.wallSeconds = 1.02 },
                    stage("t", 4) {
                        $0.command = "run --long-option x --lr 0.2 y"
                        $0.wallSeconds = 3
                    },
                ])
        )
        let text = squeezed(differencesText(between: old, and: new, width: nil))
        #expect(
            text == """
                ┌─┬─┬─┬─┬─┐
                │ stage │ what │ run 1 │ run 2 │ change │
                ├─┼─┼─┼─┼─┤
                │ t │ command │ …on x -lr 0.1 y │ …on x -lr 0.2 y │ │
                │ t │ wall │ 1.0s │ 3.0s │ +200 % │
                └─┴─┴─┴─┴─┘

                """)
        #expect(differencesText(between: old, and: old, width: 40).contains("do not differ"))
    }
}
