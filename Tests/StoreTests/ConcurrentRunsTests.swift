// Two runs on one store: what becomes of a run whose program is gone.

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

    @Test func aLostRunIsLaidToRest() throws {
        let done = try store.begin(start("b", outputs: ["b"]), run: other, pipeline: "p")
        try store.finish(success(done))
        #expect(try store.runningRuns().map(\.id) == [other, mine])
        #expect(try store.runningRuns().map(\.liveness) == [liveness, liveness])
        try store.markLost(run: other, at: time(7))
        #expect(try store.runningRuns().map(\.id) == [mine])
        #expect(try store.runningExecutions(of: other).isEmpty)
        #expect(
            try store.rows("SELECT stage, state, error IS NULL FROM executions ORDER BY stage") == [
                [.text("a"), .text("lost"), .integer(0)], [.text("b"), .text("succeeded"), .integer(1)],
            ])
        #expect(
            try store.rows("SELECT status, stages_executed FROM runs WHERE run_id = \(other)") == [
                [.text("lost"), .integer(2)]
            ])
        #expect(sentence { try store.finish(success(held)) }.contains("not running any more"))
    }
}
