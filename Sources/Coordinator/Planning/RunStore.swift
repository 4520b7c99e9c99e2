// What the coordinator asks of the store, by role. `Store` has these functions; the module CLI joins the two, so that
// the coordinator knows no SQL and the store knows no coordinator. Every function throws a `Failure` of kind `store`
// when the store cannot be used.

import Model

/// The past, as planning asks for it. Where stages or paths are named, of those alone.
public protocol PlanningStore: AnyObject {
    /// Goes into the digests that stand for secret values.
    var salt: [UInt8] { get }
    func currentExecutions(pipeline: String, of stages: [String]?) throws(Failure) -> [String: ExecutionRecord]
    func newestExecutions(pipeline: String, of stages: [String]?) throws(Failure) -> [String: ExecutionRecord]
    func newestSucceeded(pipeline: String, stage: String) throws(Failure) -> ExecutionRecord?
    func succeededExecutions(key: Digest) throws(Failure) -> [ExecutionRecord]
    func succeededExecutions(baseKey: Digest) throws(Failure) -> [ExecutionRecord]
    func hasEarlierKeys() throws(Failure) -> Bool
    func inputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath]
    func details(of execution: ExecutionID) throws(Failure) -> ExecutionDetails?
    /// The members of a set of discovered inputs.
    func discovered(_ set: DiscoveredSetID) throws(Failure) -> [RecordedPath]
    /// Those of the current and the newest executions of stages.
    func discoveredPaths(pipeline: String, of stages: [String]) throws(Failure) -> [String]
    func owner(ofPath path: String) throws(Failure) -> ExecutionID?
    func executionOwning(path: String) throws(Failure) -> ExecutionRecord?
    /// Every output path that an execution of the pipeline made, with its stage.
    func ownedPaths(pipeline: String) throws(Failure) -> [(path: String, stage: String)]
    func maker(ofPath path: String, holding fingerprint: Fingerprint) throws(Failure) -> ExecutionID?
    func stage(of execution: ExecutionID) throws(Failure) -> (pipeline: String, stage: String, state: ExecutionState)?
    func cachedDigests(of paths: [String]?) throws(Failure) -> [DigestCacheEntry]
    /// Seconds, by stage.
    func medianWallSeconds(pipeline: String, of stages: [String]?) throws(Failure) -> [String: Double]
}

/// Remembers runs and executions.
public protocol RecordingStore: AnyObject {
    /// Inside another transaction it joins that. Once `beginRun` has returned, every transaction fails that comes after
    /// another program took the run over.
    func inTransaction<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T
    func beginRun(_ start: RunStart, liveness: Liveness) throws(Failure) -> RunID
    /// Interns the strings of stages that will be executed soon.
    func internStrings(of stages: [Stage], pipeline: String) throws(Failure)
    /// Writes a row that is `queued` or `running`.
    func begin(_ start: ExecutionStart, run: RunID, pipeline: String) throws(Failure) -> ExecutionID
    /// The engine's own id of an open execution.
    func recordJob(_ job: String, of execution: ExecutionID) throws(Failure)
    /// From `queued` to `running`.
    func markRunning(_ running: ExecutionRunning) throws(Failure)
    /// From `queued` or `running` to a final state.
    func finish(_ finish: ExecutionFinish) throws(Failure)
    /// What an execution read without naming it, each path once.
    func recordDiscovered(_ members: [RecordedPath], of execution: ExecutionID) throws(Failure) -> DiscoveredSetID
    func record(decision: Decision, stage: String, template: String, run: RunID, pipeline: String) throws(Failure)
    func stageIDs(of stages: [(name: String, template: String)], pipeline: String) throws(Failure) -> [Int64]
    /// The verdicts that are kept as one set: fresh (with the execution taken) and not selected (without).
    func recordUnexecuted(_ members: [UnexecutedStage], run: RunID) throws(Failure) -> Int64?
    func setCurrent(stage: String, template: String, pipeline: String, execution: ExecutionID) throws(Failure)
    func setOwner(ofPaths paths: [String], to execution: ExecutionID) throws(Failure)
    func finishRun(
        _ run: RunID, status: RunStatus, counts: RunCounts, finishedAt: Timestamp, wallSeconds: Double
    ) throws(Failure)
    func recordProvenance(_ provenance: DeferredProvenance, of run: RunID) throws(Failure)
    func addMetrics(_ points: [MetricPoint], to execution: ExecutionID) throws(Failure)
    /// Outputs that were not read as metrics files.
    func unreadOutputs(of executions: [ExecutionID]) throws(Failure) -> [ExecutionID: Set<String>]
    /// Of a metrics file that is read after the end of its execution. Returns how many values are new.
    func addMetrics(_ points: [MetricPoint], ofFile path: String, to execution: ExecutionID) throws(Failure) -> Int
    func addReportedParams(_ params: [Param], to execution: ExecutionID) throws(Failure)
    func addNote(_ note: String, to target: LabelTarget, at time: Timestamp) throws(Failure)
    func saveDigests(_ entries: [DigestCacheEntry]) throws(Failure)
}

/// Other runs of the same store.
public protocol ConcurrencyStore: AnyObject {
    func newestRun() throws(Failure) -> RunID?
    /// Changes whenever another program has committed anything.
    func commitsOfOthers() throws(Failure) -> Int64
    func runningRuns() throws(Failure) -> [RunningRun]
    /// Executions of a run that are queued or running.
    func runningExecutions(of run: RunID) throws(Failure) -> [RunningExecution]
    /// The run and its open executions become `lost`.
    func markLost(run: RunID, at: Timestamp) throws(Failure)
    /// The same, but for those executions, which become the other run's.
    func takeOver(run: RunID, by newRun: RunID, adopting executions: [ExecutionID], at: Timestamp) throws(Failure)
}

/// What the last run of a pipeline left for the next.
public protocol PlanCacheStore: AnyObject {
    func planCache(ofRequest request: Digest) throws(Failure) -> PlanCacheRow?
    func planCacheStages(of row: PlanCacheRow) throws(Failure) -> (body: [UInt8], stages: [UInt8])?
    func saveCachedPipeline(ofRequest request: Digest, index: [UInt8], body: [UInt8], pipeline: String) throws(Failure)
    func saveCachedStages(
        stagesFresh: Int, stagesToEvaluate: Int, stamps: [UInt8], stages: [UInt8], pipeline: String
    ) throws(Failure)
    /// Whether the row was not deleted since it was read.
    func holds(_ row: PlanCacheRow) throws(Failure) -> Bool
    func setUnexecuted(_ set: Int64, run: RunID) throws(Failure)
    func remember(_ set: Int64, with row: PlanCacheRow) throws(Failure)
}

/// All of it.
public protocol RunStore: PlanningStore, RecordingStore, ConcurrencyStore, PlanCacheStore {}
