// A store in memory, with the transactions and the epochs of the real one, that can end its program at a commit. Knows
// rows; keeps no files.

import Model

@testable import Coordinator

/// What several programs share.
final class FakeDatabase {
    struct Run {
        var start: RunStart
        var liveness: Liveness
        var status = RunStatus.running
        var epoch = 1
        var counts = RunCounts()
    }

    struct Execution {
        var id: ExecutionID
        var run: RunID
        var firstRun: RunID?
        var start: ExecutionStart
        var state: ExecutionState
        var job: String?
        var host: String
        var exit: Exit?
        var error: String?
        var outputs: [RecordedPath] = []
        var discovered: [RecordedPath] = []
        var inputsChanged = false
        var metrics: [MetricPoint] = []
    }

    struct Rows {
        var runs: [RunID: Run] = [:]
        var executions: [ExecutionID: Execution] = [:]
        var owners: [String: ExecutionID] = [:]
        /// By stage.
        var current: [String: ExecutionID] = [:]
        /// By run and stage.
        var decisions: [RunID: [String: Decision]] = [:]
        var stageIDs: [String: Int64] = [:]
        var digests: [String: DigestCacheEntry] = [:]

        func executions(ofStage stage: String) -> [Execution] {
            executions.values.filter { $0.start.stage == stage }.sorted { $0.id < $1.id }
        }
    }

    var rows = Rows()
    /// Commits so far, by whatever program.
    var commits = 0
}

/// When a program ends.
struct Crash {
    /// The number of the commit, from 1, by this program.
    let commit: Int
    /// Whether that commit still counts.
    let isCommitted: Bool
}

/// One program's way to the database.
final class FakeStore: RunStore {
    let database: FakeDatabase
    let crash: Crash?
    /// Called when the program ends at a commit.
    var onCrash: () -> Void = {}
    private(set) var isDead = false
    private var ownCommits = 0
    private var isInTransaction = false
    private var owned: (run: RunID, epoch: Int)?

    init(_ database: FakeDatabase, crash: Crash? = nil) {
        self.database = database
        self.crash = crash
    }

    let salt: [UInt8] = [1, 2, 3]

    // MARK: - Transactions

    func inTransaction<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
        if isDead { throw Failure(.store, "the program has ended") }
        if isInTransaction { return try body() }
        if let owned, database.rows.runs[owned.run]?.epoch != owned.epoch {
            throw Failure(.store, "run \(owned.run) was taken over")
        }
        let before = database.rows
        isInTransaction = true
        defer { isInTransaction = false }
        let result: T
        do { result = try body() } catch {
            database.rows = before
            throw error
        }
        ownCommits += 1
        if let crash, ownCommits == crash.commit {
            if !crash.isCommitted { database.rows = before }
            isDead = true
            onCrash()
            throw Failure(.store, "the program ended at its commit \(ownCommits)")
        }
        database.commits += 1
        return result
    }

    private func change(_ body: (inout FakeDatabase.Rows) throws(Failure) -> Void) throws(Failure) {
        try inTransaction { () throws(Failure) in try body(&database.rows) }
    }

    private func changeOpen(
        _ id: ExecutionID, from states: Set<ExecutionState>, _ body: (inout FakeDatabase.Execution) -> Void
    ) throws(Failure) {
        try change { rows throws(Failure) in
            guard let row = rows.executions[id], states.contains(row.state) else {
                throw Failure(.store, "execution \(id) is not open")
            }
            var changed = row
            body(&changed)
            guard changed.state == row.state || row.state.mayBecome(changed.state) else {
                throw Failure(.store, "execution \(id) cannot become \(changed.state) from \(row.state)")
            }
            rows.executions[id] = changed
        }
    }

    // MARK: - Planning

    private func record(_ row: FakeDatabase.Execution) -> ExecutionRecord {
        ExecutionRecord(
            id: row.id, runID: row.run, stage: row.start.stage, state: row.state, key: row.start.key,
            baseKey: row.start.baseKey, inputsChangedDuringRun: row.inputsChanged, isRejected: false,
            outputs: row.outputs, discovered: row.discovered.isEmpty ? nil : DiscoveredSetID(row.id.value))
    }

    private func records(where isMeant: (FakeDatabase.Execution) -> Bool) -> [ExecutionRecord] {
        database.rows.executions.values.filter(isMeant).sorted { $0.id > $1.id }.map(record)
    }

    func currentExecutions(pipeline: String, of stages: [String]?) -> [String: ExecutionRecord] {
        database.rows.current.compactMapValues { database.rows.executions[$0].map(record) }
    }

    func newestExecutions(pipeline: String, of stages: [String]?) -> [String: ExecutionRecord] {
        Dictionary(records { _ in true }.map { ($0.stage, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func newestSucceeded(pipeline: String, stage: String) -> ExecutionRecord? {
        records { $0.start.stage == stage && $0.state == .succeeded }.first
    }

    func succeededExecutions(key: Digest) -> [ExecutionRecord] {
        records { $0.start.key == key && $0.state == .succeeded }
    }

    func hasEarlierKeys() -> Bool { false }

    func succeededExecutions(baseKey: Digest) -> [ExecutionRecord] {
        records { $0.start.baseKey == baseKey && $0.state == .succeeded }
    }

    func inputs(of execution: ExecutionID) -> [RecordedPath] {
        database.rows.executions[execution]?.start.details.inputs ?? []
    }

    func details(of execution: ExecutionID) -> ExecutionDetails? {
        database.rows.executions[execution]?.start.details
    }

    /// Each execution has a set of its own.
    func discovered(_ set: DiscoveredSetID) -> [RecordedPath] {
        database.rows.executions[ExecutionID(set.value)]?.discovered ?? []
    }

    func discoveredPaths(pipeline: String, of stages: [String]) -> [String] { [] }

    func owner(ofPath path: String) -> ExecutionID? { database.rows.owners[path] }

    func executionOwning(path: String) -> ExecutionRecord? {
        owner(ofPath: path).flatMap { id in records { $0.id == id }.first }
    }

    func ownedPaths(pipeline: String) -> [(path: String, stage: String)] {
        database.rows.owners.compactMap { path, id in
            records { $0.id == id }.first.map { (path, $0.stage) }
        }
    }

    func maker(ofPath path: String, holding fingerprint: Fingerprint) -> ExecutionID? {
        records { $0.outputs.contains { $0.path == path && $0.fingerprint == fingerprint } }.first?.id
    }

    func stage(of execution: ExecutionID) -> (pipeline: String, stage: String, state: ExecutionState)? {
        database.rows.executions[execution].map { ("p", $0.start.stage, $0.state) }
    }

    func cachedDigests(of paths: [String]?) -> [DigestCacheEntry] { Array(database.rows.digests.values) }
    func medianWallSeconds(pipeline: String, of stages: [String]?) -> [String: Double] { [:] }

    // MARK: - Recording

    func beginRun(_ start: RunStart, liveness: Liveness) throws(Failure) -> RunID {
        let run = RunID(Int64(database.rows.runs.count + 1))
        try change { $0.runs[run] = FakeDatabase.Run(start: start, liveness: liveness) }
        owned = (run, 1)
        return run
    }

    func internStrings(of stages: [Stage], pipeline: String) {}

    func begin(_ start: ExecutionStart, run: RunID, pipeline: String) throws(Failure) -> ExecutionID {
        let id = ExecutionID(Int64(database.rows.executions.count + 1))
        try change { rows in
            rows.executions[id] = FakeDatabase.Execution(
                id: id, run: run, start: start, state: start.state, host: start.host)
            for output in start.outputs { rows.owners[output.path] = id }
        }
        return id
    }

    func recordJob(_ job: String, of execution: ExecutionID) throws(Failure) {
        try changeOpen(execution, from: [.queued, .running]) { $0.job = job }
    }

    func markRunning(_ running: ExecutionRunning) throws(Failure) {
        try changeOpen(running.id, from: [.queued]) { row in
            row.state = .running
            row.host = running.host
        }
    }

    func finish(_ finish: ExecutionFinish) throws(Failure) {
        try changeOpen(finish.id, from: [.queued, .running]) { row in
            row.state = finish.state
            row.exit = finish.exit
            row.error = finish.error
            row.outputs = finish.outputs
            row.inputsChanged = finish.inputsChangedDuringRun
            row.metrics += finish.metrics
        }
        if finish.state == .succeeded {
            try change { rows in
                if let stage = rows.executions[finish.id]?.start.stage { rows.current[stage] = finish.id }
            }
        }
    }

    func recordDiscovered(
        _ members: [RecordedPath], of execution: ExecutionID
    ) throws(Failure) -> DiscoveredSetID {
        try change { $0.executions[execution]?.discovered = members }
        return DiscoveredSetID(execution.value)
    }

    func record(
        decision: Decision, stage: String, template: String, run: RunID, pipeline: String
    ) throws(Failure) { try change { $0.decisions[run, default: [:]][stage] = decision } }

    func stageIDs(of stages: [(name: String, template: String)], pipeline: String) throws(Failure) -> [Int64] {
        try change { rows in
            for stage in stages where rows.stageIDs[stage.name] == nil {
                rows.stageIDs[stage.name] = Int64(rows.stageIDs.count + 1)
            }
        }
        return stages.map { database.rows.stageIDs[$0.name] ?? 0 }
    }

    func recordUnexecuted(_ members: [UnexecutedStage], run: RunID) -> Int64? { nil }

    func setCurrent(stage: String, template: String, pipeline: String, execution: ExecutionID) throws(Failure) {
        try change { $0.current[stage] = execution }
    }

    func setOwner(ofPaths paths: [String], to execution: ExecutionID) throws(Failure) {
        try change { rows in for path in paths { rows.owners[path] = execution } }
    }

    func finishRun(
        _ run: RunID, status: RunStatus, counts: RunCounts, finishedAt: Timestamp, wallSeconds: Double
    ) throws(Failure) {
        try change { rows in
            rows.runs[run]?.status = status
            rows.runs[run]?.counts = counts
        }
        owned = nil
    }

    func recordProvenance(_ provenance: DeferredProvenance, of run: RunID) {}

    func addMetrics(_ points: [MetricPoint], to execution: ExecutionID) throws(Failure) {
        try changeOpen(execution, from: [.queued, .running]) { $0.metrics += points }
    }

    func unreadOutputs(of executions: [ExecutionID]) -> [ExecutionID: Set<String>] { [:] }
    func addMetrics(_ points: [MetricPoint], ofFile path: String, to execution: ExecutionID) -> Int { 0 }

    func addReportedParams(_ params: [Param], to execution: ExecutionID) {}
    func addNote(_ note: String, to target: LabelTarget, at time: Timestamp) {}

    func saveDigests(_ entries: [DigestCacheEntry]) throws(Failure) {
        if entries.isEmpty { return }
        try change { rows in for entry in entries { rows.digests[entry.path] = entry } }
    }

    // MARK: - Other runs

    func newestRun() -> RunID? { database.rows.runs.keys.max() }
    func commitsOfOthers() -> Int64 { Int64(database.commits - ownCommits) }

    func runningRuns() -> [RunningRun] {
        database.rows.runs.filter { $0.value.status == .running }.sorted { $0.key < $1.key }.map { id, run in
            RunningRun(
                id: id, liveness: run.liveness, user: run.start.user, startedAt: run.start.startedAt.iso8601,
                pipeline: run.start.pipeline)
        }
    }

    func runningExecutions(of run: RunID) -> [RunningExecution] {
        database.rows.executions.values.filter { $0.run == run && $0.state.isOpen }.sorted { $0.id < $1.id }.map {
            RunningExecution(
                id: $0.id, stage: $0.start.stage, token: $0.start.token, state: $0.state, attempt: $0.start.attempt,
                key: $0.start.key, engine: $0.start.engine, engineJobID: $0.job, logPath: $0.start.logPath,
                firstRunID: $0.firstRun)
        }
    }

    func markLost(run: RunID, at time: Timestamp) throws(Failure) { try lose(run, but: [], adopter: run) }

    func takeOver(
        run: RunID, by newRun: RunID, adopting executions: [ExecutionID], at time: Timestamp
    ) throws(Failure) { try lose(run, but: Set(executions), adopter: newRun) }

    private func lose(_ run: RunID, but adopted: Set<ExecutionID>, adopter: RunID) throws(Failure) {
        try change { rows in
            for (id, row) in rows.executions where row.run == run && row.state.isOpen {
                if adopted.contains(id) {
                    rows.executions[id]?.firstRun = row.firstRun ?? run
                    rows.executions[id]?.run = adopter
                    rows.executions[id]?.metrics = []
                } else {
                    rows.executions[id]?.state = .lost
                }
            }
            rows.runs[run]?.status = .lost
            rows.runs[run]?.epoch += 1
        }
    }

    // MARK: - The plan cache, which these tests do without

    func planCache(ofRequest request: Digest) -> PlanCacheRow? { nil }
    func planCacheStages(of row: PlanCacheRow) -> (body: [UInt8], stages: [UInt8])? { nil }
    func saveCachedPipeline(ofRequest request: Digest, index: [UInt8], body: [UInt8], pipeline: String) {}
    func saveCachedStages(
        stagesFresh: Int, stagesToEvaluate: Int, stamps: [UInt8], stages: [UInt8], pipeline: String
    ) {}
    func holds(_ row: PlanCacheRow) -> Bool { false }
    func setUnexecuted(_ set: Int64, run: RunID) {}
    func remember(_ set: Int64, with row: PlanCacheRow) {}
}
