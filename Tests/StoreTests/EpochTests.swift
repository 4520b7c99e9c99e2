// A process whose run was taken over, or recorded as lost, writes nothing more.

import Model
import Testing

@testable import Store

/// A process whose run was taken over writes nothing more.
struct EpochTests {
    let project: Project
    let store: Store
    let run: RunID

    init() throws {
        project = try Project()
        store = try project.store()
        run = try store.beginRun(runStart(), liveness: liveness)
    }

    private func rows() throws -> [[TableValue]] {
        try project.store(.read).rows("SELECT execution_id, state FROM executions ORDER BY execution_id")
    }

    @Test func everyTransactionFailsAfterTakeOver() throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        try project.store().markLost(run: run, at: time(7))
        let before = try rows()
        let messages = [
            sentence { _ = try store.begin(start("b"), run: run, pipeline: "p") },
            sentence { try store.finish(success(id)) },
            sentence { try store.setOwner(ofPaths: ["x"], to: id) },
            sentence { try store.setCurrent(stage: "a", template: "a", pipeline: "p", execution: id) },
            sentence {
                try store.finishRun(run, status: .succeeded, counts: RunCounts(), finishedAt: time(9), wallSeconds: 9)
            },
        ]
        for sentence in messages { #expect(sentence.hasPrefix("run \(run) was taken over by another process")) }
        #expect(try rows() == before)
        #expect(try store.stageNames().map(\.stage) == ["a"])
    }

    @Test func aFinishedRunIsNotChecked() throws {
        try store.finishRun(run, status: .succeeded, counts: RunCounts(), finishedAt: time(9), wallSeconds: 9)
        try store.addNote("later", to: .run(run), at: time(10))
        #expect(try store.tags(of: .run(run)).isEmpty)
    }

    @Test func aRunWhoseBeginningWasRolledBackIsNotOwned() throws {
        try store.finishRun(run, status: .succeeded, counts: RunCounts(), finishedAt: time(9), wallSeconds: 9)
        _ = sentence {
            try store.inTransaction { () throws(Failure) in
                _ = try store.beginRun(runStart(), liveness: liveness)
                throw Failure(.usage, "stop")
            }
        }
        try store.addNote("later", to: .run(run), at: time(10))
    }
}
