// From a verdict to a process: what is in the way of its outputs is moved aside, its rows are written, and its
// environment is made.

import EngineAPI
import Glibc
import Model
import Planner
import ProcessHost
import Workspace

extension Run {
    /// Writes the rows of an attempt and queues its process; or finds that it cannot start yet.
    func launch(_ index: StageIndex, attempt: Int, _ lease: Lease, turn: Int) throws(Failure) -> [SchedulerAction] {
        guard var evaluated = pendingDecisions[index] else { return scheduler.handle(.outdated(index)) }
        let stage = graph.stages[index]
        if evaluated.turn != turn {
            // It waited for resources: what it would read may have changed, or another run may have made its outputs.
            let (decision, facts) = try decide(index)
            guard decision.verdict == evaluated.decision.verdict, decision.key == evaluated.decision.key,
                facts.missingInputs.isEmpty
            else { return scheduler.handle(.outdated(index)) }
            evaluated = EvaluatedStage(
                decision: evaluated.decision, facts: facts, readyAt: evaluated.readyAt, turn: turn)
        }
        guard let key = evaluated.decision.key else { return scheduler.handle(.outdated(index)) }
        let lock = gpuLocks.take(lease.gpus ?? [], share: lease.gpuShare)
        // Another run was faster; what it left is looked at when the stage's turn comes again.
        if case .heldElsewhere = lock { return scheduler.handle(.outdated(index)) }
        let gpuLock = keep(lock)
        let previous = history.newest(stage.name)
        let isFirstOfForced = attempt == 1 && (preparation.request.selection.isForced[index] || stage.isAlways)
        let keepsPersistent = !isFirstOfForced && previous != nil && (previous?.key == key || options.resume)
        let isResumed =
            keepsPersistent && previous?.key != key
            && stage.outputs.contains { $0.isPersistent && preparation.area.exists($0.path) }
        var problem = try clearWay(for: stage, keepsPersistent: keepsPersistent)
        let repetition = repetition(of: index)
        let now = clock()
        let start = ExecutionStart(
            stage: stage.name, template: stage.template, attempt: attempt, key: key,
            baseKey: baseKey(of: stage, environment: evaluated.facts.environment),
            details: ExecutionDetails(
                command: stage.command.displayText, workingDirectory: stage.workingDirectory,
                environment: evaluated.facts.environment, params: stage.params, inputs: evaluated.facts.inputs),
            inputMakers: inputMakers(of: index, evaluated.facts.inputs), outputs: stage.outputs,
            resources: lease.request,
            timeoutSeconds: stage.timeoutSeconds, keep: stage.keep, startedAt: now,
            queuedSeconds: max(0, now.seconds(since: evaluated.readyAt)), engine: "local", host: host,
            logPath: RunFiles.log(
                of: runID, stage: stage.name, index: index, repetition: repetition?.number, attempt: attempt),
            token: randomToken(), reasons: evaluated.decision.reasons, resumed: isResumed,
            gpuIDs: (lease.gpus ?? []).map(\.name),
            repetition: repetition?.number)
        try internStrings(from: index)
        let id = try store.begin(start, run: runID, pipeline: graph.pipeline)
        var decision = evaluated.decision
        decision.executionID = id
        try recordDecision(index, decision)
        if attempt == 1, repetition?.number ?? 1 == 1 { counts.executed += 1 }
        if repetition != nil { repeatedExecutions.insert(id) }
        let record = ExecutionRecord(
            id: id, runID: runID, stage: stage.name, state: .running, key: key, baseKey: start.baseKey,
            inputsChangedDuringRun: false, isRejected: false, outputs: [])
        history.started(record)
        running[id] = RunningStage(
            stage: index, repetition: repetition, attempt: attempt, start: start, record: record,
            inputs: WatchedInputs(stage: stage, facts: evaluated.facts, workspace: preparation.workspace),
            deadline: stage.timeoutSeconds.map { now.adding(seconds: $0) }, stopCause: nil,
            tail: MetricsTail(path: "\(root)/\(RunFiles.metrics(of: runID, id))"), outcome: nil, gpuLock: gpuLock)
        events.append(
            .stageStarted(
                StageStarted(
                    stage: stage.name, executionID: id, attempt: attempt, maxAttempts: stage.retries.max + 1,
                    reasons: evaluated.decision.reasons, command: start.details.command, logPath: start.logPath,
                    expectedSeconds: preparation.medians[stage.name], resources: lease.request, repetition: repetition))
        )
        var (paramsPath, arguments) = ("", stage.command.arguments)
        if problem == nil {
            do throws(WorkspaceFailure) {
                (paramsPath, arguments) = try makeFiles(for: stage, id, logPath: start.logPath)
            } catch {
                problem = error.description
            }
        }
        if let problem {
            let usage = Usage(wallSeconds: 0)
            return try ended(
                id,
                EngineOutcome(exit: .notStarted(problem), usage: usage, leftoverProcesses: 0, sawOutOfMemoryKill: false)
            )
        }
        let environment = environment(of: stage, id, start, lease, paramsPath: paramsPath)
        launches.append(
            Launch(
                executionID: id, stage: stage.name, arguments: arguments,
                plainWords: stage.command.plainWords(in: environment), workingDirectory: workingDirectory(of: stage),
                environment: environment, logPath: "\(root)/\(start.logPath)",
                token: start.token, graceSeconds: options.graceSeconds,
                gpus: grant(of: stage, lease, gpuLock)))
        return []
    }

    /// Has the store number the texts of this stage and of the next that may run.
    private func internStrings(from index: StageIndex) throws(Failure) {
        guard numberedBefore <= index else { return }
        numberedBefore = min(index + 256, graph.stages.count)
        let next = (index..<numberedBefore).filter { isOpen[$0] }.map { graph.stages[$0] }
        try store.internStrings(of: next, pipeline: graph.pipeline)
    }

    /// Who made what the inputs lie in or hold. Where the paths are equal, nothing need be said.
    private func inputMakers(of index: StageIndex, _ inputs: [RecordedPath]) -> [ExecutionStart.InputMaker] {
        var makers: [String: ExecutionID] = [:]
        for producer in Set(graph.producers[index].joined()) {
            guard let maker = settled[producer].executionID else { continue }
            for output in graph.stages[producer].outputs { makers[output.path] = maker }
        }
        for input in inputs { makers[input.path] = nil }
        guard !makers.isEmpty else { return [] }
        return inputs.flatMap { input in
            makers.filter { "\(input.path)/".hasPrefix("\($0.key)/") || $0.key.hasPrefix("\(input.path)/") }
                .map { ExecutionStart.InputMaker(input: input, maker: $0.value) }
        }
    }

    /// Moves aside what lies where outputs will be made. A sentence when that must not or cannot be.
    private func clearWay(for stage: Stage, keepsPersistent: Bool) throws(Failure) -> String? {
        if let stray = strayOutput(of: stage) { return stray }
        for output in stage.outputs {
            if output.isPersistent && keepsPersistent { continue }
            guard preparation.area.exists(output.path) else { continue }
            let owner = try store.owner(ofPath: output.path)
            if owner == nil, !options.overwrite {
                return "'\(output.path)' exists but was not made by any execution; move it away, or say --overwrite"
            }
            let keeper = try keeper(of: output, ownedBy: owner)
            do throws(WorkspaceFailure) {
                let isMoved = try preparation.area.setAside(
                    output.path, madeBy: keeper, mayBeOutside: output.isExternal)
                if isMoved { history.keptNow(keeper) }
            } catch {
                return error.description
            }
        }
        return nil
    }

    /// Under whose versions to keep what lies at an output's path. What nobody made, as far as is known, goes under the
    /// number of the run that moves it, below zero.
    private func keeper(of output: Output, ownedBy owner: ExecutionID?) throws(Failure) -> ExecutionID {
        let unknown = ExecutionID(-runID.value)
        guard let owner else { return unknown }
        guard preparation.area.isKept(output.path, madeBy: owner) else { return owner }
        // The owner's version was moved before: this is one of a putting back that was cut short, or somebody's own.
        guard let found = try? preparation.workspace.fingerprint(of: output.path, mode: output.mode) else {
            return unknown
        }
        return try store.maker(ofPath: output.path, holding: found) ?? unknown
    }

    /// What keeps the stage's outputs from being made, or put back, where they are to lie. Looked at anew each time: what
    /// ran since may have put a link in the place of a folder.
    private func strayOutput(of stage: Stage) -> String? {
        var foldersInside = Set<Substring>()
        do throws(WorkspaceFailure) {
            return try preparation.strayOutput(of: stage, foldersInside: &foldersInside)
        } catch {
            return error.description
        }
    }

    /// Folders for outputs and log, the params file, and a file for a shell command that is too long for an argument;
    /// the words to execute.
    private func makeFiles(
        for stage: Stage, _ id: ExecutionID, logPath: String
    ) throws(WorkspaceFailure) -> (paramsPath: String, arguments: [String]) {
        let params = JSONValue.object(stage.params.map { JSONValue.Member(name: $0.name, value: $0.value) }).text
        let paramsPath = paramsFiles[params] ?? RunFiles.params(of: runID, number: paramsFiles.count)
        for output in stage.outputs { try preparation.area.makeParents(of: output.path) }
        try preparation.area.makeParents(of: logPath)
        if paramsFiles[params] == nil {
            try preparation.area.makeParents(of: paramsPath)
            try preparation.area.write(params + "\n", to: paramsPath)
            paramsFiles[params] = paramsPath
        }
        guard let text = stage.command.textForFile else { return (paramsPath, stage.command.arguments) }
        let commandPath = RunFiles.command(of: runID, id)
        try preparation.area.makeParents(of: commandPath)
        try preparation.area.write(text, to: commandPath)
        return (paramsPath, ["/bin/sh", "\(root)/\(commandPath)"])
    }

    private func workingDirectory(of stage: Stage) -> String {
        stage.workingDirectory.map { $0.hasPrefix("/") ? $0 : "\(root)/\($0)" } ?? root
    }

    private func environment(
        of stage: Stage, _ id: ExecutionID, _ start: ExecutionStart, _ lease: Lease, paramsPath: String
    ) -> [String] {
        let inherited = preparation.request.environment
        var own: [String: String] = [:]
        // As a shell does it. The caller's own is that of another folder.
        if !stage.passedEnvironment.contains("PWD") { own["PWD"] = workingDirectory(of: stage) }
        for variable in stage.environment { own[variable.name] = variable.value }
        own["RUNS_RUN_ID"] = runID.description
        own["RUNS_EXECUTION_ID"] = id.description
        own["RUNS_STAGE"] = stage.name
        own["RUNS_ATTEMPT"] = String(start.attempt)
        own["RUNS_CPUS"] = start.resources.cpus.description
        own["PYTHONPATH"] = pythonPath(own["PYTHONPATH"] ?? inherited["PYTHONPATH"])
        if let bytes = start.resources.memoryBytes { own["RUNS_MEMORY_BYTES"] = String(bytes) }
        own["RUNS_PARAMS"] = "\(root)/\(paramsPath)"
        own["RUNS_METRICS"] = "\(root)/\(RunFiles.metrics(of: runID, id))"
        own[tokenVariable] = start.token
        if own["OMP_NUM_THREADS"] == nil, inherited["OMP_NUM_THREADS"] == nil {
            own["OMP_NUM_THREADS"] = String(max(1, (start.resources.cpus.thousandths + 999) / 1000))
        }
        if let gpus = lease.gpus {
            own["CUDA_VISIBLE_DEVICES"] = gpus.map(\.id).joined(separator: ",")
            own["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        }
        return inheritedVariables.filter { own[$0.name] == nil }.map(\.text) + own.map { "\($0.key)=\($0.value)" }
    }

    private func randomToken() -> String {
        var generator = SystemRandomNumberGenerator()
        let halves = [generator.next(), generator.next()] as [UInt64]
        return halves.map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    // MARK: - Putting back

    /// Verifies, off the deciding thread, that what was moved aside is still what was made.
    func beginRestoring(_ index: StageIndex) throws(Failure) -> [SchedulerAction] {
        guard let evaluated = pendingDecisions[index], let id = evaluated.decision.executionID,
            let key = evaluated.decision.key,
            let record = try store.succeededExecutions(key: key).first(where: { $0.id == id })
        else { return scheduler.handle(.outdated(index)) }
        let (workspace, area, queue, outputs) = (
            preparation.workspace, preparation.area, queue, graph.stages[index].outputs
        )
        Task.detached {
            let isIntact = outputs.allSatisfy { output in
                guard let recorded = record.outputs.first(where: { $0.path == output.path }) else { return false }
                let places = [output.path, area.keptPath(output.path, madeBy: id)]
                return places.contains {
                    (try? workspace.fingerprint(of: $0, mode: output.mode)) == recorded.fingerprint
                }
            }
            queue.put(.verified(index, id, isIntact: isIntact))
        }
        return []
    }

    func finishRestoring(_ index: StageIndex, from id: ExecutionID, isIntact: Bool) throws(Failure) -> [SchedulerAction]
    {
        let stage = graph.stages[index]
        guard isIntact, strayOutput(of: stage) == nil, let evaluated = pendingDecisions.removeValue(forKey: index),
            let key = evaluated.decision.key,
            let record = try store.succeededExecutions(key: key).first(where: { $0.id == id })
        else {
            // It is not what was made, or its place is no longer the project's: it never will be, so it is not looked at again in this run.
            history.droppedKept(id)
            return scheduler.handle(.outdated(index))
        }
        for output in stage.outputs {
            let found = try? preparation.workspace.fingerprint(of: output.path, mode: output.mode)
            if found == record.outputs.first(where: { $0.path == output.path })?.fingerprint { continue }
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
        history.tookCurrent(record, for: stage.name)
        settled[index] = Decision(verdict: .fresh, reasons: evaluated.decision.reasons, key: key, executionID: id)
        claim(.settled, index)
        counts.restored += 1
        try recordDecision(index, evaluated.decision)
        events.append(.stageDecided(stage: stage.name, decision: evaluated.decision))
        return scheduler.handle(.restored(index))
    }
}
