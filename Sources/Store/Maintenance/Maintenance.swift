// Looking after a store: whether it is sound, what of the files beside it it does not know, and forgetting what is old.
// Does not know files; those who call it look at the disk.

import Model
import RunsSQL

/// What a store says of itself.
public struct StoreHealth: Sendable {
    public let schemaVersion: Int
    public let sqliteVersion: String
    public let journalMode: String
    /// In SQLite's words; empty: the file is sound.
    public let problems: [String]
}

/// What `forget` removes.
public struct Forgotten: Sendable {
    public let runs: Int
    public let executions: Int
}

/// An execution of which outputs are kept.
public struct KeptMaker: Sendable {
    public let id: ExecutionID
    /// Equal for executions of one stage.
    public let stageID: Int64
    public let isSucceeded: Bool
    /// Its run ended before the time asked for, and no output of today comes from it.
    public let isOld: Bool
    /// How many versions its stage asks to have kept.
    public let keep: Int
}

extension Store {
    // MARK: - Soundness

    func sqliteVersion() throws(Failure) -> String {
        try connection.statement(SQL.sqliteVersion).first { $0.text(0) } ?? ""
    }

    /// Reads the whole file.
    public func health() throws(Failure) -> StoreHealth {
        var problems = try connection.statement(SQL.integrityCheck).all { $0.text(0) }.filter { $0 != "ok" }
        problems += try brokenReferences()
        return StoreHealth(
            schemaVersion: Int(try connection.statement(SQL.appliedMigrations).all { $0.integer(0) }.last ?? 0),
            sqliteVersion: try sqliteVersion(),
            journalMode: try connection.statement(SQL.journalMode).first { $0.text(0) } ?? "", problems: problems)
    }

    private func brokenReferences() throws(Failure) -> [String] {
        try connection.statement(SQL.foreignKeyCheck).all {
            "a row \($0.isNull(1) ? "" : "\($0.integer(1)) ")of \($0.text(0)) refers to a row of \($0.text(2)) that is not there"
        }
    }

    // MARK: - What the store does not know

    /// Executions that were lost on this boot: their processes may have outlived them.
    public func lostExecutions(of here: Liveness) throws(Failure) -> [RunningExecution] {
        try connection.statement(SQL.lostExecutions).all([("folder_id", here.folderID), ("boot_id", here.bootID)]) {
            row throws(Failure) in try runningExecution(row)
        }
    }

    public func unknownRuns(among runs: [RunID]) throws(Failure) -> [RunID] {
        try connection.statement(SQL.unknownRuns).all([("run_ids", array(runs))]) { RunID($0.integer(0)) }
    }

    /// Those that do not run, unknown ones among them.
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

    // MARK: - What is old

    public func runs(endedBefore time: Timestamp) throws(Failure) -> [RunID] {
        try connection.statement(SQL.endedBefore).all([("before", time.iso8601)]) { RunID($0.integer(0)) }
    }

    /// Paths with remembered digests that only runs which ended before a time had to do with.
    public func pathsOfUnusedDigests(endedBefore time: Timestamp) throws(Failure) -> [String] {
        try connection.statement(SQL.unusedDigests).all([("before", time.iso8601)]) { $0.text(0) }
    }

    /// What is known of executions of which outputs are kept, newest first. Unknown ones are left out.
    public func makers(ofKept executions: [ExecutionID], endedBefore time: Timestamp) throws(Failure) -> [KeptMaker] {
        let bindings: [(String, Bindable?)] = [("execution_ids", array(executions)), ("before", time.iso8601)]
        return try connection.statement(SQL.makersOfKept).all(bindings) {
            KeptMaker(
                id: ExecutionID($0.integer(0)), stageID: $0.integer(1),
                isSucceeded: $0.text(2) == ExecutionState.succeeded.rawValue, isOld: $0.flag(3),
                keep: Int($0.integer(4)))
        }
    }

    /// What `forget` would remove.
    public func forgettable(endedBefore time: Timestamp, keeping kept: [ExecutionID]) throws(Failure) -> Forgotten {
        let (runs, executions) = try forgettableRows(endedBefore: time, keeping: kept)
        return Forgotten(runs: runs.count, executions: executions.count)
    }

    /// Removes executions that nothing of today rests on, with everything that was recorded of them, and runs of which no
    /// execution is left. All of it or, where a run is running, nothing.
    ///
    /// - Parameter kept: executions whose outputs can still be put back; they stay.
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
            throw Failure(.store, "run \(run.id) has begun. Rows are forgotten while nothing runs; try again after it.")
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
        // A standing may rest on what is forgotten, and refers to a set.
        try deletePlanCaches()
        try connection.statement(SQL.forgetUnexecutedSets).run()
        try connection.statement(SQL.forgetGitDiffs).run()
        if let broken = try brokenReferences().first {
            throw Failure(
                .store, "nothing was forgotten, for in the store \(connection.path) \(broken). See `runs doctor`.")
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
