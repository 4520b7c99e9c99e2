// What a store keeps of how a pipeline stood at the end of its last run. Knows no encoding: that is PlanMemory's.

/// As much of it as every later run of the same request needs.
public struct PlanCacheRow: Sendable {
    /// The pipeline's number in the store.
    public let pipelineID: Int64
    /// A `PipelineIndex`.
    public let index: [UInt8]
    /// The verdicts of a run that found everything fresh; nil until one did.
    public let unexecutedSet: Int64?
    public let stagesFresh: Int
    /// Stages that are judged anew in any case.
    public let stagesToEvaluate: Int
    /// Stamps of the paths of the index.
    public let stamps: [UInt8]

    public init(
        pipelineID: Int64, index: [UInt8], unexecutedSet: Int64?, stagesFresh: Int, stagesToEvaluate: Int,
        stamps: [UInt8]
    ) {
        self.pipelineID = pipelineID
        self.index = index
        self.unexecutedSet = unexecutedSet
        self.stagesFresh = stagesFresh
        self.stagesToEvaluate = stagesToEvaluate
        self.stamps = stamps
    }
}

/// A verdict that is kept in a set with others: fresh, by an execution, or not selected.
public struct UnexecutedStage: Hashable, Sendable {
    /// The stage's number in the store.
    public let stage: Int64
    /// The one whose outputs were taken; nil: nobody asked for the stage.
    public let execution: ExecutionID?

    public init(stage: Int64, execution: ExecutionID?) {
        self.stage = stage
        self.execution = execution
    }
}
