// Two runs on one store: claims on paths, and what becomes of a run whose program is gone.

import Model
import Testing

@testable import Store

struct OtherRunsTests {
    let store: Store
    let mine: RunID
    let other: RunID
    let held: ExecutionID

    init() throws {
        store = try Store.inMemory()
        other = try store.beginRun(runStart(), liveness: liveness)
        mine = try store.beginRun(runStart(), liveness: liveness)
        held = try store.begin(
            start("a", key: 5, inputs: [recorded("in", "data/raw", 1)], outputs: ["out/a"]), run: other, pipeline: "p")
    }

    /// Inputs and outputs that are wanted, and the paths of the other run that stand against them.
    @Test(arguments: [
        ([], ["out/a"], ["out/a"]),  // the same output
        ([], ["out"], ["out/a"]),  // a folder around it
        ([], ["out/a/b"], ["out/a"]),  // inside it
        ([], ["out/ab"], []),
        (["out/a"], [], ["out/a"]),  // reading what is being made
        (["out"], [], ["out/a"]),
        (["data/raw"], [], []),  // reading together
        ([], ["data/raw"], ["data/raw"]),  // making what is being read
        ([], ["data/raw/x"], ["data/raw"]),
        (["out/a"], ["data"], ["data/raw", "out/a"]),
    ])
    func pathsThatOverlapConflict(inputs: [String], outputs: [String], expected: [String]) throws {
        let found = try store.conflicts(inputs: inputs, outputs: outputs, excluding: mine)
        #expect(found.map(\.path).sorted() == expected)
        for conflict in found {
            #expect(conflict.run == other && conflict.execution == held && conflict.stage == "a" && conflict.key == digest(5))
        }
        #expect(try store.conflicts(inputs: inputs, outputs: outputs, excluding: other).isEmpty)
    }

    @Test func whatHasEndedHoldsNothing() throws {
        try store.finish(success(held))
        #expect(try store.conflicts(inputs: [], outputs: ["out/a"], excluding: mine).isEmpty)
    }

    @Test func aLostRunIsLaidToRest() throws {
        let done = try store.begin(start("b", outputs: ["b"]), run: other, pipeline: "p")
        try store.finish(success(done))
        #expect(try store.runningRuns().map(\.id) == [other, mine])
        #expect(try store.runningRuns().map(\.liveness) == [liveness, liveness])
        try store.markLost(run: other, at: time(7))
        #expect(try store.runningRuns().map(\.id) == [mine])
        #expect(try store.runningExecutions(of: other).isEmpty)
        #expect(try store.conflicts(inputs: [], outputs: ["out/a"], excluding: mine).isEmpty)
        #expect(
            try store.rows("SELECT stage, state, error IS NULL FROM executions ORDER BY stage") == [
                [.text("a"), .text("lost"), .integer(0)], [.text("b"), .text("succeeded"), .integer(1)],
            ])
        #expect(
            try store.rows("SELECT status, stages_executed FROM runs WHERE run_id = \(other)") == [[.text("lost"), .integer(2)]])
        #expect(try store.rows("SELECT count(*) FROM path_claims") == [[.integer(0)]])
        #expect(sentence { try store.finish(success(held)) }.contains("not running any more"))
    }
}
