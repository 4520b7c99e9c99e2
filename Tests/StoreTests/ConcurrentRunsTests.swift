// Two runs on one store: a run that is lost or taken over.

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

    @Test func aLostRunIsRecorded() throws {
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
        #expect(sentence { try store.finish(success(held)) }.contains("no longer running"))
    }

    @Test func openExecutionsAreReadWithTheirJobs() throws {
        let queued = try store.begin(start("q", key: 7, state: .queued), run: other, pipeline: "p")
        try store.recordJob("4711_3", of: queued)
        let done = try store.begin(start("d"), run: other, pipeline: "p")
        try store.finish(success(done))
        let open = try store.runningExecutions(of: other)
        #expect(open.map(\.id) == [held, queued] && open.map(\.state) == [.running, .queued])
        #expect(open.map(\.engineJobID) == [nil, "4711_3"] && open.map(\.key) == [digest(5), digest(7)])
        let token = "0123456789abcdef0123456789abcdef"
        #expect(
            open.last
                == RunningExecution(
                    id: queued, stage: "q", token: token, state: .queued, key: digest(7), engineJobID: "4711_3",
                    logPath: ".runs/logs/1/q.1.log"))
    }

    @Test func takeOverMovesOpenExecutions() throws {
        let queued = try store.begin(start("q", state: .queued), run: other, pipeline: "p")
        try store.takeOver(run: other, by: mine, adopting: [queued], at: time(7))
        #expect(try store.stage(of: held)?.state == .lost)
        #expect(try store.runningExecutions(of: mine).map(\.id) == [queued])
        #expect(try store.runningExecutions(of: mine).map(\.firstRunID) == [other])
        #expect(try store.runningRuns().map(\.id) == [mine])
        // The first run stands, however often it is taken over.
        let third = try store.beginRun(runStart(), liveness: liveness)
        try store.takeOver(run: mine, by: third, adopting: [queued], at: time(8))
        #expect(try store.runningExecutions(of: third).map(\.firstRunID) == [other])
        try store.markRunning(ExecutionRunning(id: queued, startedAt: time(9), host: "n1"))
        try store.finish(success(queued))
        #expect(
            try store.rows("SELECT run_id, status FROM runs ORDER BY run_id") == [
                [.integer(1), .text("lost")], [.integer(2), .text("lost")], [.integer(3), .text("running")],
            ])
    }

    @Test func endedExecutionsCannotBeTakenOver() throws {
        let done = try store.begin(start("d"), run: other, pipeline: "p")
        try store.finish(success(done))
        let message = sentence { try store.takeOver(run: other, by: mine, adopting: [held, done], at: time(7)) }
        #expect(message.contains("cannot be taken over"))
        #expect(try store.runningExecutions(of: other).map(\.id) == [held], "nothing was changed")
        try store.markLost(run: other, at: time(8))
        #expect(
            sentence { try store.takeOver(run: other, by: mine, adopting: [], at: time(9)) }.contains("it has ended"))
    }

    @Test func firstRunIsKeptAsLongAsTheNewRun() throws {
        let queued = try store.begin(start("q", state: .queued), run: other, pipeline: "p")
        try store.takeOver(run: other, by: mine, adopting: [queued], at: time(7))
        #expect(try store.runs(endedBefore: time(100)).isEmpty)
        try store.finish(failure(queued, state: .interrupted, exit: nil))
        try store.finishRun(mine, status: .succeeded, counts: RunCounts(), finishedAt: time(50), wallSeconds: 1)
        #expect(try store.runs(endedBefore: time(20)).isEmpty)
        #expect(try store.runs(endedBefore: time(100)) == [other, mine])
        // The newest of its stage is never forgotten, nor is the run that began it.
        _ = try store.forget(endedBefore: time(100), keeping: [])
        #expect(try store.rows("SELECT run_id FROM runs ORDER BY run_id") == [[.integer(1)], [.integer(2)]])
        #expect(try store.health().problems.isEmpty)
    }
}
