// Putting back outputs that were moved aside, instead of running their stage again.

import Model
import Planner
import Workspace

extension Run {
    /// Verifies, off the deciding thread, that what was moved aside is still what was made.
    func beginRestoring(_ index: StageIndex) throws(Failure) -> [SchedulerAction] {
        guard let evaluated = state.evaluated[index], let id = evaluated.decision.executionID,
            let key = evaluated.decision.key,
            let record = try store.succeededExecutions(key: key).first(where: { $0.id == id })
        else { return scheduler.handle(.outdated(index)) }
        let (workspace, area, queue, outputs) = (
            preparation.workspace, preparation.area, queue, graph.stages[index].outputs
        )
        driver.inBackground {
            var recordedOutputs = RecordedPaths(record.outputs)
            let isIntact = outputs.allSatisfy { output in
                guard let recorded = recordedOutputs.at(output.path) else { return false }
                let places = [output.path, area.keptPath(output.path, madeBy: id)]
                return places.contains {
                    (try? workspace.fingerprint(of: $0, scope: output.scope)) == recorded.fingerprint
                }
            }
            queue.put(.verified(index, id, isIntact: isIntact))
        }
        return []
    }

    func finishRestoring(
        _ index: StageIndex, from id: ExecutionID, isIntact: Bool
    ) throws(Failure) -> [SchedulerAction] {
        let stage = graph.stages[index]
        guard isIntact, strayOutput(of: stage) == nil, let evaluated = state.evaluated.removeValue(forKey: index),
            let key = evaluated.decision.key,
            let record = try store.succeededExecutions(key: key).first(where: { $0.id == id })
        else {
            // It is not what was made, or its place is no longer the project's. Neither changes in this run, so it is
            // not looked at again.
            history.droppedKept(id)
            return scheduler.handle(.outdated(index))
        }
        var recordedOutputs = RecordedPaths(record.outputs)
        for output in stage.outputs {
            let found = try? preparation.workspace.fingerprint(of: output.path, scope: output.scope)
            if found == recordedOutputs.at(output.path)?.fingerprint { continue }
            let keeper = try keeper(of: output, ownedBy: try store.owner(ofPath: output.path))
            try asFailure { () throws(WorkspaceFailure) in
                let isExternal = output.isExternal
                if try preparation.area.setAside(output.path, madeBy: keeper, mayBeOutside: isExternal) {
                    history.keptNow(keeper)
                }
                try preparation.area.putBack(output.path, madeBy: id, mayBeOutside: isExternal)
            }
        }
        try store.setOwner(ofPaths: stage.outputs.map(\.path), to: id)
        try store.setCurrent(stage: stage.name, template: stage.template, pipeline: graph.pipeline, execution: id)
        history.becameCurrent(record, for: stage.name)
        state.decisions[index] = Decision(
            verdict: .fresh, reasons: evaluated.decision.reasons, key: key, executionID: id)
        try readMetrics(of: [index])
        claim(.pinned, index)
        state.counts.restored += 1
        try recordDecision(index, evaluated.decision)
        afterCommit.events.append(.stageDecided(stage: stage.name, decision: evaluated.decision))
        return scheduler.handle(.restored(index))
    }
}
