// What a run leaves for the next run of the same request. Only what is certain is kept: a stage counts as unchanged by
// its files' stamps where what these stamps stand for makes its key and is what its execution made. Anything else is
// looked at next time.

import Model
import PlanCache
import Planner
import Workspace

extension CachedPlan {
    /// To be called at the end of a run that left every selected stage fresh, in the transaction that records the end.
    func save(_ run: Run) throws(Failure) {
        guard let expansion, run.concurrent.isAlone, !run.state.hasUnreadMetrics, try run.preparation.isStoreUntouched()
        else { return }
        let graph = run.graph
        let discovered = try run.discoveredByStage()
        // It runs each time.
        if discovered.hasUnordered { return }
        if let unchanged {
            guard discovered.isCovered(by: unchanged) else { return }
            var stages = unchanged.stages
            update(
                &stages, from: run, unchanged.body, paths: unchanged.snapshot.index.paths, members: unchanged.members,
                discovered)
            return try save(stages, unchanged.body, pipeline: graph.pipeline, in: run.store)
        }
        // The cache holds stages as they are.
        let redaction = run.preparation.redaction
        guard graph.secrets == SecretRules(), !graph.stages.contains(where: { redaction.hidesAnything(of: $0) }) else {
            return
        }
        let selection = run.preparation.request.selection
        let (body, paths) = PipelineBody.made(
            of: graph, isSelected: selection.isSelected, discovered: (discovered.paths, discovered.setOfStage),
            warnings: expansion.warnings)
        let stageCount = graph.stages.count
        let index = PipelineIndex(
            pipeline: graph.pipeline, stagesTotal: stageCount, expansionInputs: expansion.inputs, paths: paths)
        var stages = CachedStages(
            stamps: Array(repeating: CachedStages.unknownStamp, count: paths.count),
            isSuspect: Array(repeating: false, count: stageCount), executions: Array(repeating: nil, count: stageCount),
            stageIDs: try run.store.stageIDs(
                of: graph.stages.map { ($0.name, $0.template) }, pipeline: graph.pipeline))
        update(&stages, from: run, body, paths: paths, members: Array(graph.stages.indices), discovered)
        try run.store.saveCachedPipeline(
            ofRequest: request, index: index.bytes, body: body.bytes, pipeline: graph.pipeline)
        try save(stages, body, pipeline: graph.pipeline, in: run.store)
    }

    private func save(
        _ stages: CachedStages, _ body: PipelineBody, pipeline: String, in store: any RunStore
    ) throws(Failure) {
        try store.saveCachedStages(
            stagesFresh: body.isSelected.count { $0 }, stagesToEvaluate: body.stagesToEvaluate(stages),
            stamps: stages.stampBytes, stages: stages.stageBytes, pipeline: pipeline)
    }

    /// - Parameter members: the places in the whole pipeline of the stages of the run's graph.
    private func update(
        _ stages: inout CachedStages, from run: Run, _ body: PipelineBody, paths: PathTable, members: [StageIndex],
        _ discovered: DiscoveredByStage
    ) {
        let preparation = run.preparation
        let isShared = body.pathsUsed(besides: members)
        func take(_ path: Int) -> Bool {
            var stamp = preparation.workspace.trusted(paths[path])?.stamp ?? CachedStages.unknownStamp
            // Others that were not looked at rely on the old one.
            if isShared[path], stamp != stages.stamps[path] { stamp = CachedStages.unknownStamp }
            stages.stamps[path] = stamp
            return stamp != CachedStages.unknownStamp
        }
        var isSetKnown: [Int: Bool] = [:]
        for set in Set(members.compactMap(body.set)) {
            isSetKnown[set] = body.paths(ofSet: set).map(take).allSatisfy { $0 }
        }
        for (local, member) in members.enumerated() where preparation.request.selection.isSelected[local] {
            var isKnown = true
            for path in body.paths(of: member) { isKnown = take(path) && isKnown }
            if let set = body.set(of: member) { isKnown = isKnown && isSetKnown[set] ?? false }
            stages.executions[member] = run.state.decisions[local].executionID
            stages.isSuspect[member] =
                isKnown && !(discovered.restsOnTrustedContent(local) && run.restsOnTrustedContent(local))
        }
    }
}

/// What the stages of a graph have read without naming it, by the executions that their outputs come from.
private struct DiscoveredByStage {
    /// The paths of each set.
    var paths: [[String]] = []
    /// By stage: the place of its set in them.
    var setOfStage: [Int?]
    /// By set: whether its files are what was read, as far as is known without looking at them.
    var isTrusted: [Bool] = []
    /// Whether a stage reads what another makes that is not done before it.
    var hasUnordered = false

    func restsOnTrustedContent(_ stage: StageIndex) -> Bool { setOfStage[stage].map { isTrusted[$0] } ?? true }

    /// Whether the cached plan of the whole pipeline knows the paths of these sets.
    func isCovered(by unchanged: CachedPlan.UnchangedStages) -> Bool {
        let names = unchanged.snapshot.index.paths
        return unchanged.members.enumerated().allSatisfy { local, member in
            let cached = unchanged.body.set(of: member).map { unchanged.body.paths(ofSet: $0).map { names[$0] } } ?? []
            return (setOfStage[local].map { paths[$0] } ?? []) == cached
        }
    }
}

extension Run {
    fileprivate func discoveredByStage() throws(Failure) -> DiscoveredByStage {
        var result = DiscoveredByStage(setOfStage: Array(repeating: nil, count: graph.stages.count))
        var places: [DiscoveredSetID: Int] = [:]
        var makers: [[StageIndex]] = []
        for (index, stage) in graph.stages.enumerated() where preparation.request.selection.isSelected[index] {
            let record = stage.outputs.isEmpty ? history.newest(stage.name) : history.current(stage.name)
            guard let record, let set = record.discovered else { continue }
            if places[set] == nil {
                let members = try history.discovered(set)
                places[set] = result.paths.count
                result.paths.append(members.map(\.path))
                makers.append(members.flatMap(preparation.makers.makers))
                result.isTrusted.append(
                    members.allSatisfy { preparation.workspace.trusted($0.path)?.fingerprint == $0.fingerprint })
            }
            result.setOfStage[index] = places[set]
            result.hasUnordered =
                result.hasUnordered
                || places[set].map { makers[$0] }?.contains {
                    $0 != index && !preparation.makers.comes($0, before: index)
                }
                    ?? false
        }
        return result
    }

    /// Whether the stage would be found fresh by what is known of its files without looking at them.
    fileprivate func restsOnTrustedContent(_ index: StageIndex) -> Bool {
        let stage = graph.stages[index]
        let decision = state.decisions[index]
        func known(_ path: String) -> Fingerprint? { preparation.workspace.trusted(path)?.fingerprint }
        var inputs: [RecordedPath] = []
        for input in stage.inputs {
            guard !input.isGlob, input.mode == .content, let found = known(input.path) else { return false }
            inputs.append(RecordedPath(name: input.name, path: input.path, fingerprint: found))
        }
        let environment = preparation.recordedEnvironment(of: stage)
        let present = key(base: baseKey(of: stage, environment: environment), inputs: inputs)
        guard decision.verdict == .fresh, let recorded = decision.key,
            recorded == present || isEarlierKey(recorded, of: stage, environment: environment, inputs: inputs),
            let record = stage.outputs.isEmpty ? history.newest(stage.name) : history.current(stage.name),
            record.id == decision.executionID, record.isReusable, record.outputs.count == stage.outputs.count
        else { return false }
        var recordedOutputs = RecordedPaths(record.outputs)
        return stage.outputs.allSatisfy { output in
            guard output.mode == .content, let found = known(output.path) else { return false }
            return recordedOutputs.at(output.path)?.fingerprint == found
        }
    }
}
