// What runs on the same store must know of each other: who runs, and how a lost one is laid to rest.

import Model
import RunsSQL

extension Store {
    /// Runs whose end nobody recorded, oldest first.
    public func runningRuns() throws(Failure) -> [RunningRun] {
        try connection.statement(SQL.runningRuns).all { row in
            RunningRun(
                id: RunID(row.integer(0)),
                liveness: Liveness(
                    host: row.text(1), bootID: row.text(2), pidNamespace: row.text(3),
                    pid: Int32(truncatingIfNeeded: row.integer(4)), folderID: row.text(5)),
                user: row.text(6), startedAt: row.text(7), pipeline: row.text(8))
        }
    }

    /// A number that is another one as soon as anyone but this connection has committed to the store.
    public func commitsOfOthers() throws(Failure) -> Int64 {
        try connection.statement(SQL.dataVersion).first { $0.integer(0) } ?? 0
    }

    public func runningExecutions(of run: RunID) throws(Failure) -> [RunningExecution] {
        try connection.statement(SQL.runningExecutionsOfRun).all([("run_id", run.value)]) { row in
            RunningExecution(id: ExecutionID(row.integer(0)), stage: row.text(1), token: row.text(2))
        }
    }

    /// The run and its running executions become `lost`.
    public func markLost(run: RunID, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in
            try connection.statement(SQL.loseExecutions).run([("run_id", run.value), ("at", time.iso8601)])
            try connection.statement(SQL.loseRun).run([("run_id", run.value), ("at", time.iso8601)])
        }
    }
}
