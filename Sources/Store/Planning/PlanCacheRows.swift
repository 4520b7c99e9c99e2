// How pipelines stood at the end of their last runs, kept for the next ones. A cache: what it says is only ever what the
// other tables and the disk would say, and it may be dropped at any time.

import Model
import RunsSQL

extension Store {
    /// nil: the last run of the pipeline was of another request or did not leave everything fresh, or results were judged
    /// since.
    public func standing(ofRequest request: Digest) throws(Failure) -> PlanCacheRow? {
        try connection.statement(SQL.findPlanCache).first([("request", request)]) { row in
            PlanCacheRow(
                pipelineID: row.integer(0), index: row.blob(1), unexecutedSet: row.isNull(2) ? nil : row.integer(2),
                stagesFresh: Int(row.integer(3)), stagesToEvaluate: Int(row.integer(4)), stamps: row.blob(5))
        }
    }

    /// The rest of it: a `PipelineBody`, and what a `CachedStages` knows by stage.
    public func stages(of standing: PlanCacheRow) throws(Failure) -> (body: [UInt8], stages: [UInt8])? {
        try connection.statement(SQL.planCacheStages).first([("pipeline_id", standing.pipelineID)]) {
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

    /// To be called before results are judged otherwise than by a run.
    func deletePlanCaches() throws(Failure) { try connection.statement(SQL.deletePlanCaches).run() }

    /// Whether it was not removed since it was read.
    public func holds(_ standing: PlanCacheRow) throws(Failure) -> Bool {
        try connection.statement(SQL.hasPlanCache).first([("pipeline_id", standing.pipelineID)]) { _ in true }
            ?? false
    }

    /// Records for a run that it found what an earlier run had found, so that both share the set.
    public func setUnexecuted(_ set: Int64, run: RunID) throws(Failure) {
        try connection.statement(SQL.setUnexecuted).run([("run_id", run.value), ("unexecuted_set_id", set)])
    }

    /// Remembers the set of a run that found all as the standing says, for those that do later.
    public func remember(_ set: Int64, with standing: PlanCacheRow) throws(Failure) {
        try connection.statement(SQL.setPlanCacheUnexecuted).run([
            ("pipeline_id", standing.pipelineID), ("unexecuted_set_id", set),
        ])
    }
}
