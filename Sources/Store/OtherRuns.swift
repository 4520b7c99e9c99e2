// What runs on the same store must know of each other: who runs, what they hold, and how a lost one is laid to rest.

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

    public func runningExecutions(of run: RunID) throws(Failure) -> [RunningExecution] {
        try connection.statement(SQL.runningExecutionsOfRun).all([("run_id", run.value)]) { row in
            RunningExecution(id: ExecutionID(row.integer(0)), stage: row.text(1), token: row.text(2))
        }
    }

    /// The run and its running executions become `lost`; what they held is free.
    public func markLost(run: RunID, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in
            try connection.statement(SQL.releaseClaimsOfRun).run([("run_id", run.value)])
            try connection.statement(SQL.loseExecutions).run([("run_id", run.value), ("at", time.iso8601)])
            try connection.statement(SQL.loseRun).run([("run_id", run.value), ("at", time.iso8601)])
        }
    }

    /// Running executions of other runs that make what is asked for, or read what would be made. A path conflicts with
    /// itself and with what lies inside it.
    public func conflicts(inputs: [String], outputs: [String], excluding run: RunID) throws(Failure) -> [ClaimConflict] {
        var found: [ClaimConflict] = []
        try connection.statement(SQL.claimsOfOtherRuns).run([("run_id", run.value)]) { row throws(Failure) in
            let path = row.text(4)
            let isOutput = row.flag(5)
            guard outputs.contains(where: { overlap($0, path) }) || (isOutput && inputs.contains { overlap($0, path) }) else { return }
            found.append(
                ClaimConflict(
                    run: RunID(row.integer(0)), execution: ExecutionID(row.integer(1)), stage: row.text(2),
                    key: try row.digest(3), path: path))
        }
        return found
    }

    private func overlap(_ one: String, _ other: String) -> Bool {
        one == other || one.hasPrefix(other + "/") || other.hasPrefix(one + "/")
    }
}
