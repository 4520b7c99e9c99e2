// How a run leaves the pipeline, for the next run of the same request. Only what is certain is remembered: a stage counts
// as standing by stamps where what these stamps stand for makes its key and is what its execution made. Anything else is
// looked at next time.

import Model
import PlanCache
import Planner
import Workspace

extension Run {
    /// To be called at the end of a run that left every selected stage fresh, in the transaction that records the end.
    func savePlanCache() throws(Failure) {
        guard let basis = preparation.request.basis, isAlone, try preparation.isStoreUntouched() else { return }
        let selection = preparation.request.selection
        if let omitted = preparation.request.omitted {
            var standing = omitted.standing
            update(&standing, body: omitted.body, paths: omitted.cachedPlan.index.paths, members: omitted.members)
            return try save(standing, omitted.body)
        }
        let (body, paths) = PipelineBody.made(of: graph, isSelected: selection.isSelected, warnings: basis.warnings)
        let index = PipelineIndex(
            pipeline: graph.pipeline, stagesTotal: graph.stages.count, expansionInputs: basis.expansionInputs,
            paths: paths)
        let stageCount = graph.stages.count
        var standing = CachedStages(
            stamps: Array(repeating: CachedStages.unknownStamp, count: paths.count),
            isSuspect: Array(repeating: false, count: stageCount), executions: Array(repeating: nil, count: stageCount),
            stageIDs: try store.stageIDs(
                of: graph.stages.map { ($0.name, $0.template) }, pipeline: graph.pipeline))
        update(&standing, body: body, paths: paths, members: Array(graph.stages.indices))
        try store.saveCachedPipeline(
            ofRequest: basis.request, index: index.bytes, body: body.bytes, pipeline: graph.pipeline)
        try save(standing, body)
    }

    private func save(_ standing: CachedStages, _ body: PipelineBody) throws(Failure) {
        try store.saveCachedStages(
            stagesFresh: body.isSelected.count { $0 }, stagesToEvaluate: body.stagesToEvaluate(standing),
            stamps: standing.stampBytes,
            stages: standing.stageBytes, pipeline: graph.pipeline)
    }

    /// - Parameter members: the places in the whole pipeline of the stages of this run's graph.
    private func update(_ standing: inout CachedStages, body: PipelineBody, paths: PathTable, members: [StageIndex]) {
        let isShared = body.pathsUsed(besides: members)
        for (local, member) in members.enumerated() where preparation.request.selection.isSelected[local] {
            var isKnown = true
            for path in body.paths(of: member) {
                var stamp = preparation.workspace.trusted(paths[path])?.stamp ?? CachedStages.unknownStamp
                // Others that were not looked at rest on the old one.
                if isShared[path], stamp != standing.stamps[path] { stamp = CachedStages.unknownStamp }
                standing.stamps[path] = stamp
                isKnown = isKnown && stamp != CachedStages.unknownStamp
            }
            standing.executions[member] = settled[local].executionID
            standing.isSuspect[member] = isKnown && !restsOnTrustedContent(local)
        }
    }

    /// Whether the stage would be found fresh by what is known of its files without looking at them.
    private func restsOnTrustedContent(_ index: StageIndex) -> Bool {
        let stage = graph.stages[index]
        let verdict = settled[index]
        func known(_ path: String) -> Fingerprint? { preparation.workspace.trusted(path)?.fingerprint }
        var inputs: [RecordedPath] = []
        for input in stage.inputs {
            guard !input.isGlob, input.mode == .content, let found = known(input.path) else { return false }
            inputs.append(RecordedPath(name: input.name, path: input.path, fingerprint: found))
        }
        let base = baseKey(of: stage, environment: preparation.recordedEnvironment(of: stage))
        guard verdict.verdict == .fresh, verdict.key == key(base: base, inputs: inputs),
            let record = stage.outputs.isEmpty ? history.newest(stage.name) : history.current(stage.name),
            record.id == verdict.executionID, record.isReusable, record.outputs.count == stage.outputs.count
        else { return false }
        return stage.outputs.allSatisfy { output in
            guard output.mode == .content, let found = known(output.path) else { return false }
            return record.outputs.first { $0.path == output.path }?.fingerprint == found
        }
    }
}
