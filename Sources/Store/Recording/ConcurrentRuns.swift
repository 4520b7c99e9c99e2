// Runs that use the same store at the same time: which are running, and how one is taken over or recorded as lost. Does
// not know how to tell whether a process is alive.

import Model
import RunsSQL

extension Store {
    /// Runs whose end is not recorded, oldest first.
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

    /// A number that changes whenever another connection commits to the store.
    public func commitsOfOthers() throws(Failure) -> Int64 {
        try connection.statement(SQL.dataVersion).first { $0.integer(0) } ?? 0
    }

    /// Executions of a run whose end was not recorded: queued or running.
    public func runningExecutions(of run: RunID) throws(Failure) -> [RunningExecution] {
        try connection.statement(SQL.openExecutionsOfRun).all([("run_id", run.value)]) { row throws(Failure) in
            try runningExecution(row)
        }
    }

    func runningExecution(_ row: Row) throws(Failure) -> RunningExecution {
        RunningExecution(
            id: ExecutionID(row.integer(0)), stage: row.text(1), token: row.text(2), state: try state(row.text(3)),
            attempt: Int(row.integer(4)), key: try row.digest(5), engine: row.text(6),
            engineJobID: row.optionalText(7), logPath: row.text(8),
            firstRunID: row.isNull(9) ? nil : RunID(row.integer(9)))
    }

    /// The run and its open executions become `lost`. If its process is still alive, it writes nothing more.
    public func markLost(run: RunID, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in _ = try lose(run, at: time) }
    }

    /// Returns whether the run was running.
    private func lose(_ run: RunID, at time: Timestamp) throws(Failure) -> Bool {
        for statement in [SQL.loseExecutions, SQL.loseRun] {
            try connection.statement(statement).run([("run_id", run.value), ("at", time.iso8601)])
        }
        return connection.changedRows == 1
    }

    /// Moves open executions of a run to another run; the run and its other open executions become `lost`. Read them
    /// with `runningExecutions` in the same transaction, so that none ends in between.
    ///
    /// - Parameter adopted: open executions of `run`.
    /// - Throws: also if one of them, or the run, has ended. Nothing is changed then.
    public func takeOver(
        run: RunID, by newRun: RunID, adopting adopted: [ExecutionID], at time: Timestamp
    ) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let executions = Set(adopted).map(\.value)
            try connection.statement(SQL.adoptExecutions).run([
                ("run_id", run.value), ("by", newRun.value), ("execution_ids", array(executions)),
            ])
            guard connection.changedRows == executions.count else {
                throw Failure(.store, "run \(run) cannot be taken over: some of its executions have ended.")
            }
            // Their new coordinator reads from its beginning what they report.
            try connection.statement(SQL.forgetMetrics).run([("execution_ids", array(executions))])
            guard try lose(run, at: time) else {
                throw Failure(.store, "run \(run) cannot be taken over: it has ended.")
            }
        }
    }
}
