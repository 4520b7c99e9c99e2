// What the model says before anything runs: the verdicts that a plan may give. Knows which stages are decided already,
// which must run whatever comes before them, and which depend on it.

extension Oracle {
    /// The verdicts that a plan may give before anything runs.
    func plan(_ stages: [DraftStage], _ request: RunRequest) -> [String: Set<String>] {
        let (selected, forced) = selection(stages, request)
        var plan: [String: Set<String>] = [:]
        // Stages whose outputs are not known, and those whose outputs are known only by looking at what is put back.
        var unsettled: Set<String> = []
        var veiled: Set<String> = []
        var future = self
        for stage in stages {
            guard selected.contains(stage.name) else {
                plan[stage.name] = ["not_selected"]
                continue
            }
            // A stage that only orders this one, by `needs`, leaves nothing of its key open.
            let makers = stages.filter { other in
                stage.predecessors.contains(other.name)
                    && stage.inputs.contains { input in other.outputs.contains(where: input.depends) }
            }
            let pending = makers.filter { unsettled.contains($0.name) }
            let isVeiled = makers.contains { veiled.contains($0.name) }
            let isForced = forced.contains(stage.name)
            let (verdict, source) = future.verdict(on: stage, isForced: isForced, restores: request.restores)
            if stage.predecessors.contains(where: { plan[$0] == ["blocked"] }) {
                plan[stage.name] = ["blocked"]
            } else if isForced || stage.template.isAlways || stage.template.isFrozen {
                plan[stage.name] = [verdict.rawValue]
                if verdict == .run { unsettled.insert(stage.name) }
            } else if pending.isEmpty {
                plan[stage.name] = isVeiled ? [verdict.rawValue, "may_run"] : [verdict.rawValue]
                if verdict == .run { unsettled.insert(stage.name) }
                if isVeiled || verdict == .restored { veiled.insert(stage.name) }
                if verdict == .restored, let source { future.putBack(source) }
            } else {
                let foreseen = future.foresight(stage, after: pending, request.restores)
                plan[stage.name] = isVeiled ? foreseen.union(["may_run"]) : foreseen
                unsettled.insert(stage.name)
            }
        }
        return plan
    }

    /// What may be said of a stage before `pending` is done. It must run when no succeeded execution matches what is
    /// known of its key, or when an output is missing that cannot come back.
    private func foresight(_ stage: DraftStage, after pending: [DraftStage], _ restores: Bool) -> Set<String> {
        let open = stage.inputs.filter { input in pending.contains { $0.outputs.contains(where: input.depends) } }
        let known = key(of: stage) { !open.contains($0) }
        let own = executions.filter { $0.stage == stage.name }
        let counting = stage.outputs.isEmpty ? own.suffix(1) : own[...]
        let past = counting.filter { $0.succeeded && $0.key.agrees(with: known) && holds($0) }
        let candidates = past.filter { $0.key.agrees(with: known, open: open) }
        if candidates.isEmpty {
            // With a glob open the paths of the inputs are not all known: that one is new need not be foreseen.
            return !past.isEmpty && open.contains(where: \.isGlob) ? ["run", "may_run"] : ["run"]
        }
        let canComeBack = restores && candidates.contains(where: canBePutBack)
        if stage.outputs.contains(where: { files(of: $0).isEmpty }) && !canComeBack { return ["run"] }
        // Rubbish in an output's place is not missing; that it cannot become fresh need not be foreseen.
        if !canComeBack && !candidates.contains(where: isOnDisk) { return ["run", "may_run"] }
        return ["may_run"]
    }
}
