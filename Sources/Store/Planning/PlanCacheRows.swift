// The plan caches: the state of pipelines at the end of their last runs. It can be recomputed from the other tables and
// the disk, and may be deleted at any time. Does not know the encoding.

import Model
import RunsSQL

extension Store {
    /// The plan cache of a request; nil if the last run of the pipeline was of another request or did not leave
    /// everything fresh, or if results were reviewed since.
    public func planCache(ofRequest request: Digest) throws(Failure) -> PlanCacheRow? {
        try connection.statement(SQL.findPlanCache).first([("request", request)]) { row in
            PlanCacheRow(
                pipelineID: row.integer(0), index: row.blob(1), unexecutedSet: row.isNull(2) ? nil : row.integer(2),
                stagesFresh: Int(row.integer(3)), stagesToEvaluate: Int(row.integer(4)), stamps: row.blob(5))
        }
    }

    /// The rest of a plan cache: a `PipelineBody` and the stages of a `CachedStages`.
    public func planCacheStages(of row: PlanCacheRow) throws(Failure) -> (body: [UInt8], stages: [UInt8])? {
        try connection.statement(SQL.planCacheStages).first([("pipeline_id", row.pipelineID)]) {
            ($0.blob(0), $0.blob(1))
        }
    }

    public func saveCachedPipeline(ofRequest request: Digest, index: [UInt8], body: [UInt8], pipeline: String)
        throws(Failure)
    {
        try connection.statement(SQL.saveCachedPipeline).run([
            ("pipeline_id", try pipelineID(pipeline)), ("request", request), ("pipeline_index", index),
            ("pipeline_body", body),
        ])
    }

    public func saveCachedStages(
        stagesFresh: Int, stagesToEvaluate: Int, stamps: [UInt8], stages: [UInt8], pipeline: String
    ) throws(Failure) {
        try connection.statement(SQL.saveCachedStages).run([
            ("pipeline_id", try pipelineID(pipeline)), ("stages_fresh", stagesFresh),
            ("stages_judged", stagesToEvaluate),
            ("stamps", stamps), ("stages", stages),
        ])
    }

    /// Call this before results change other than by a run.
    func deletePlanCaches() throws(Failure) { try connection.statement(SQL.deletePlanCaches).run() }

    /// Whether the plan cache still exists.
    public func holds(_ row: PlanCacheRow) throws(Failure) -> Bool {
        try connection.statement(SQL.hasPlanCache).first([("pipeline_id", row.pipelineID)]) { _ in true }
            ?? false
    }

    /// Records that a run decided the same as an earlier run: both share the set.
    public func setUnexecuted(_ set: Int64, run: RunID) throws(Failure) {
        try connection.statement(SQL.setUnexecuted).run([("run_id", run.value), ("unexecuted_set_id", set)])
    }

    /// Stores the set of a run that found everything as cached, for later runs.
    public func remember(_ set: Int64, with row: PlanCacheRow) throws(Failure) {
        try connection.statement(SQL.setPlanCacheUnexecuted).run([
            ("pipeline_id", row.pipelineID), ("unexecuted_set_id", set),
        ])
    }
}
