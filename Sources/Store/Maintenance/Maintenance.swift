// Maintenance of a store: integrity, unknown files in its folder, deletion of old rows. Does not know files; its
// callers look at the disk.

import Model
import RunsSQL

/// The condition of a store.
public struct StoreHealth: Sendable {
    public let schemaVersion: Int
    public let sqliteVersion: String
    public let journalMode: String
    /// As SQLite reports them; empty if there are none.
    public let problems: [String]
    /// Rows that refer to missing rows, one phrase for each pair of tables.
    public let brokenReferences: [String]
}

/// What `forget` deletes.
public struct Forgotten: Sendable {
    public let runs: Int
    public let executions: Int
}

/// An execution with kept outputs.
public struct KeptMaker: Sendable {
    public let id: ExecutionID
    /// Equal for executions of one stage.
    public let stageID: Int64
    public let isSucceeded: Bool
    /// Its run ended before the given time, and no current output comes from it.
    public let isOld: Bool
    /// How many versions its stage keeps.
    public let keep: Int
}

extension Store {
    // MARK: - Integrity

    func sqliteVersion() throws(Failure) -> String {
        try connection.statement(SQL.sqliteVersion).first { $0.text(0) } ?? ""
    }

    /// Reads the whole file.
    public func health() throws(Failure) -> StoreHealth {
        let problems = try connection.statement(SQL.integrityCheck).all { $0.text(0) }.filter { $0 != "ok" }
        return StoreHealth(
            schemaVersion: Int(try connection.statement(SQL.appliedMigrations).all { $0.integer(0) }.last ?? 0),
            sqliteVersion: try sqliteVersion(),
            journalMode: try connection.statement(SQL.journalMode).first { $0.text(0) } ?? "", problems: problems,
            brokenReferences: try brokenReferences())
    }

    private func brokenReferences() throws(Failure) -> [String] {
        var counts: [String: Int] = [:]
        try connection.statement(SQL.foreignKeyCheck).run { counts["\($0.text(0)) \($0.text(2))", default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { tables, count in
            let names = tables.split(separator: " ")
            let (rows, missing) = count == 1 ? ("row", "refers to a missing row") : ("rows", "refer to missing rows")
            return "\(count) \(rows) of \(names[0]) \(missing) of \(names[1])"
        }
    }

    /// Deletes rows that refer to missing rows: another program deleted those. What is left is whole.
    public func deleteBrokenReferences() throws(Failure) {
        try connection.execute(SQL.foreignKeysOff.text)
        let result = Result { () throws(Failure) in
            try inTransaction { () throws(Failure) in
                try deletePlanCaches()
                let repairs = try connection.statement(SQL.danglingRowRepairs).all { $0.text(0) }
                // Rows that refer to deleted ones are deleted in the next round.
                var rounds = 0
                while rounds < repairs.count, try !brokenReferences().isEmpty {
                    for repair in repairs { try connection.execute(repair) }
                    rounds += 1
                }
                if let broken = try brokenReferences().first { throw Failure(.store, broken) }
            }
        }
        numbers = InternedIDs()
        try connection.execute(SQL.foreignKeysOn.text)
        try result.get()
    }

    // MARK: - Unknown files

    /// Executions that were lost on this boot: their processes may still be running.
    public func lostExecutions(of here: Liveness) throws(Failure) -> [RunningExecution] {
        try connection.statement(SQL.lostExecutions).all([("folder_id", here.folderID), ("boot_id", here.bootID)]) {
            row throws(Failure) in try runningExecution(row)
        }
    }

    public func unknownRuns(among runs: [RunID]) throws(Failure) -> [RunID] {
        try connection.statement(SQL.unknownRuns).all([("run_ids", array(runs))]) { RunID($0.integer(0)) }
    }

    /// Runs that are not running, including unknown ones.
    public func endedRuns(among runs: [RunID]) throws(Failure) -> [RunID] {
        try connection.statement(SQL.endedRuns).all([("run_ids", array(runs))]) { RunID($0.integer(0)) }
    }

    public func unknownExecutions(among executions: [ExecutionID]) throws(Failure) -> [ExecutionID] {
        try connection.statement(SQL.unknownExecutions).all([("execution_ids", array(executions))]) {
            ExecutionID($0.integer(0))
        }
    }

    public func digestedPaths() throws(Failure) -> [String] {
        try connection.statement(SQL.digestedPaths).all { $0.text(0) }
    }

    public func dropDigests(ofPaths paths: [String]) throws(Failure) {
        guard !paths.isEmpty else { return }
        let text = JSONValue.array(paths.map { .string($0) }).text
        try inTransaction { () throws(Failure) in try connection.statement(SQL.dropDigests).run([("paths", text)]) }
    }

    // MARK: - Old runs

    public func runs(endedBefore time: Timestamp) throws(Failure) -> [RunID] {
        try connection.statement(SQL.endedBefore).all([("before", time.iso8601)]) { RunID($0.integer(0)) }
    }

    /// Paths with cached digests that only runs used that ended before a time.
    public func pathsOfUnusedDigests(endedBefore time: Timestamp) throws(Failure) -> [String] {
        try connection.statement(SQL.unusedDigests).all([("before", time.iso8601)]) { $0.text(0) }
    }

    /// Executions with kept outputs. Unknown ones are left out.
    public func makers(ofKept executions: [ExecutionID], endedBefore time: Timestamp) throws(Failure) -> [KeptMaker] {
        let bindings: [(String, Bindable?)] = [("execution_ids", array(executions)), ("before", time.iso8601)]
        return try connection.statement(SQL.makersOfKept).all(bindings) {
            KeptMaker(
                id: ExecutionID($0.integer(0)), stageID: $0.integer(1),
                isSucceeded: $0.text(2) == ExecutionState.succeeded.rawValue, isOld: $0.flag(3),
                keep: Int($0.integer(4)))
        }
    }

    /// What `forget` would delete.
    public func forgettable(endedBefore time: Timestamp, keeping kept: [ExecutionID]) throws(Failure) -> Forgotten {
        let (runs, executions) = try forgettableRows(endedBefore: time, keeping: kept)
        return Forgotten(runs: runs.count, executions: executions.count)
    }

    /// Deletes executions that no current output depends on, with everything that was recorded about them, and runs
    /// without executions. Deletes nothing while a run is running.
    ///
    /// - Parameter kept: executions whose outputs can still be restored; they stay.
    public func forget(endedBefore time: Timestamp, keeping kept: [ExecutionID]) throws(Failure) -> Forgotten {
        try connection.execute(SQL.foreignKeysOff.text)
        let result = Result { () throws(Failure) in
            try inTransaction { () throws(Failure) in try forgetInTransaction(endedBefore: time, keeping: kept) }
        }
        try connection.execute(SQL.foreignKeysOn.text)
        return try result.get()
    }

    private func forgetInTransaction(endedBefore time: Timestamp, keeping kept: [ExecutionID]) throws(Failure)
        -> Forgotten
    {
        if let run = try runningRuns().first {
            throw Failure(
                .store,
                "run \(run.id) is running. Rows are only deleted while nothing runs; try again when it has ended.")
        }
        let (runs, executions) = try forgettableRows(endedBefore: time, keeping: kept)
        let ofExecutions = [
            SQL.forgetInputMakers, SQL.forgetInputs, SQL.forgetOutputs, SQL.forgetParams, SQL.forgetVariables,
            SQL.forgetResources,
            SQL.forgetMetrics, SQL.forgetGpuSamples, SQL.forgetTagsOfExecutions, SQL.forgetLinks, SQL.forgetExecutions,
        ]
        for statement in ofExecutions {
            try connection.statement(statement).run([("execution_ids", array(executions))])
        }
        for statement in [SQL.forgetDecisions, SQL.forgetTagsOfRuns, SQL.forgetRuns] {
            try connection.statement(statement).run([("run_ids", array(runs))])
        }
        // A plan cache may rely on what is deleted, and refers to a set.
        try deletePlanCaches()
        try connection.statement(SQL.forgetUnexecutedSets).run()
        try connection.statement(SQL.forgetGitDiffs).run()
        try connection.statement(SQL.forgetDiscoveredInputs).run()
        try connection.statement(SQL.forgetDiscoveredSets).run()
        if let broken = try brokenReferences().first {
            throw Failure(
                .store, "nothing was deleted: in the store \(connection.path), \(broken). Run `runs doctor`.")
        }
        return Forgotten(runs: runs.count, executions: executions.count)
    }

    private func forgettableRows(
        endedBefore time: Timestamp, keeping kept: [ExecutionID]
    ) throws(Failure) -> (runs: [RunID], executions: [ExecutionID]) {
        let before = ("before", time.iso8601 as Bindable?)
        let executions = try connection.statement(SQL.forgettableExecutions).all([before, ("kept", array(kept))]) {
            ExecutionID($0.integer(0))
        }
        let runs = try connection.statement(SQL.forgettableRuns).all([before, ("execution_ids", array(executions))]) {
            RunID($0.integer(0))
        }
        return (runs, executions)
    }

    /// Every output path that an execution of the pipeline made, with its stage.
    public func ownedPaths(pipeline: String) throws(Failure) -> [(path: String, stage: String)] {
        guard let number = try existingPipeline(pipeline) else { return [] }
        return try connection.statement(SQL.ownedPaths).all([("pipeline_id", number)]) { ($0.text(0), $0.text(1)) }
    }

    private func array(_ runs: [RunID]) -> String { "[" + runs.map(\.description).joined(separator: ",") + "]" }
    private func array(_ executions: [ExecutionID]) -> String {
        "[" + executions.map(\.description).joined(separator: ",") + "]"
    }
}
