// What the executor asks of the store. `Store` has these functions; the module CLI joins the two, so that the executor
// knows no SQL and the store knows no executor.

import Model

/// Remembers runs and executions. Every function throws a `Failure` of kind `store` when the store cannot be used.
public protocol RunStore: AnyObject {
    /// Goes into the digests that stand for secret values.
    var salt: [UInt8] { get }

    // Deciding.
    // Where stages or paths are named, of those alone.
    func currentExecutions(pipeline: String, of stages: [String]?) throws(Failure) -> [String: ExecutionRecord]
    func newestExecutions(pipeline: String, of stages: [String]?) throws(Failure) -> [String: ExecutionRecord]
    func newestSucceeded(pipeline: String, stage: String) throws(Failure) -> ExecutionRecord?
    func succeededExecutions(key: Digest) throws(Failure) -> [ExecutionRecord]
    func succeededExecutions(baseKey: Digest) throws(Failure) -> [ExecutionRecord]
    func inputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath]
    func details(of execution: ExecutionID) throws(Failure) -> ExecutionDetails?
    func owner(ofPath path: String) throws(Failure) -> ExecutionID?
    func maker(ofPath path: String, holding fingerprint: Fingerprint) throws(Failure) -> ExecutionID?
    func stage(of execution: ExecutionID) throws(Failure) -> (pipeline: String, stage: String, state: ExecutionState)?
    func cachedDigests(of paths: [String]?) throws(Failure) -> [DigestCacheEntry]
    /// Seconds, by stage.
    func medianWallSeconds(pipeline: String, of stages: [String]?) throws(Failure) -> [String: Double]

    // Recording.
    func inTransaction<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T
    func beginRun(_ start: RunStart, liveness: Liveness) throws(Failure) -> RunID
    /// Numbers the texts of stages that will be executed soon.
    func internStrings(of stages: [Stage], pipeline: String) throws(Failure)
    func begin(_ start: ExecutionStart, run: RunID, pipeline: String) throws(Failure) -> ExecutionID
    func finish(_ finish: ExecutionFinish) throws(Failure)
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
    func addReportedParams(_ params: [Param], to execution: ExecutionID) throws(Failure)
    func addNote(_ note: String, to target: LabelTarget, at time: Timestamp) throws(Failure)
    func saveDigests(_ entries: [DigestCacheEntry]) throws(Failure)

    // Other runs.
    func newestRun() throws(Failure) -> RunID?
    /// Another number as soon as another program has committed anything.
    func commitsOfOthers() throws(Failure) -> Int64
    func runningRuns() throws(Failure) -> [RunningRun]
    func runningExecutions(of run: RunID) throws(Failure) -> [RunningExecution]
    func markLost(run: RunID, at: Timestamp) throws(Failure)

    // How a pipeline stood at the end of its last run.
    func standing(ofRequest request: Digest) throws(Failure) -> PlanCacheRow?
    func stages(of standing: PlanCacheRow) throws(Failure) -> (body: [UInt8], stages: [UInt8])?
    func saveCachedPipeline(ofRequest request: Digest, index: [UInt8], body: [UInt8], pipeline: String) throws(Failure)
    func saveCachedStages(
        stagesFresh: Int, stagesToEvaluate: Int, stamps: [UInt8], stages: [UInt8], pipeline: String
    ) throws(Failure)
    func holds(_ standing: PlanCacheRow) throws(Failure) -> Bool
    func setUnexecuted(_ set: Int64, run: RunID) throws(Failure)
    func remember(_ set: Int64, with standing: PlanCacheRow) throws(Failure)
}
