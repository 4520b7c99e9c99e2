// The plan cache of a pipeline as a store keeps it. Knows no encoding: `PlanCache` does.

/// The part of the plan cache that every later run of the same request needs.
public struct PlanCacheRow: Sendable {
    /// The pipeline's number in the store.
    public let pipelineID: Int64
    /// A `PipelineIndex`.
    public let index: [UInt8]
    /// The set of decisions of a run that found everything fresh; nil until one did.
    public let unexecutedSet: Int64?
    public let stagesFresh: Int
    /// Stages that are evaluated again in any case.
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

/// A decision that is stored in a set with others: fresh, by an execution, or not selected.
public struct UnexecutedStage: Hashable, Sendable {
    /// The stage's number in the store.
    public let stage: Int64
    /// The one whose outputs are used; nil: the stage was not selected.
    public let execution: ExecutionID?

    public init(stage: Int64, execution: ExecutionID?) {
        self.stage = stage
        self.execution = execution
    }
}
