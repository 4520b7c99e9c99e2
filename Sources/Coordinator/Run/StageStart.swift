// From a verdict to a submitted execution: what is in the way of its outputs is moved aside, its rows are written, and
// its launch is prepared for after the commit.

import EngineAPI
import Model
import Planner
import Workspace

extension Run {
    /// Whether an execution has the stage's key in an earlier encoding. Matters only for outputs that it may find.
    private func isEarlierKey(of previous: ExecutionRecord?, _ stage: Stage, _ facts: StageFacts) -> Bool {
        guard let previous, stage.outputs.contains(where: { $0.persistence != .no }), history.hasEarlierKeys else {
            return false
        }
        return Planner.isEarlierKey(previous.key, of: stage, environment: facts.environment, inputs: facts.inputs)
    }

    /// Writes the rows of an attempt and prepares its launch; or finds that it cannot start yet.
    func launch(_ index: StageIndex, attempt: Int, _ lease: Lease, turn: Int) throws(Failure) -> [SchedulerAction] {
        guard var evaluated = state.evaluated[index] else { return scheduler.handle(.outdated(index)) }
        let stage = graph.stages[index]
        if evaluated.turn != turn {
            // It waited for resources: its inputs may have changed, or another run may have made its outputs.
            let (decision, facts) = try decide(index)
            guard decision.verdict == evaluated.decision.verdict, decision.key == evaluated.decision.key,
                facts.missingInputs.isEmpty
            else { return scheduler.handle(.outdated(index)) }
            evaluated = EvaluatedStage(
                decision: evaluated.decision, facts: facts, readyAt: evaluated.readyAt, turn: turn)
        }
        guard let key = evaluated.decision.key else { return scheduler.handle(.outdated(index)) }
        let hold: (any DeviceHold)?
        switch devices.take(lease) {
        case .taken(let taken)?: hold = taken
        case nil: hold = nil
        // Another run was faster; what it left is looked at when the stage's turn comes again.
        case .heldElsewhere?: return scheduler.handle(.outdated(index))
        case .unavailable(let why)?:
            hold = nil
            if devices.isFirstUnavailable() {
                afterCommit.events.append(.warning("other runs may use the same GPUs at the same time: \(why)"))
            }
        }
        let previous = history.newest(stage.name)
        var isContinued = previous?.key == key || isEarlierKey(of: previous, stage, evaluated.facts)
        if isContinued, stage.outputs.contains(where: { $0.persistence != .no }) {
            // An edited import makes another result, as a changed key does.
            isContinued = try preparation.holds(previous?.discovered, for: index, state.decisions)
        }
        let persisting = previous == nil ? [] : persisting(index, attempt: attempt, isContinued: isContinued)
        let isResumed =
            !isContinued
            && stage.outputs.contains { persisting.contains($0.persistence) && preparation.area.exists($0.path) }
        var problem = try clearWay(for: stage, persisting: persisting)
        let repetition = repetitions.next(of: index)
        let now = driver.now()
        let shown = preparation.redaction.shown(stage)
        let start = ExecutionStart(
            stage: stage.name, template: stage.template, attempt: attempt, key: key,
            baseKey: baseKey(of: stage, environment: evaluated.facts.environment),
            details: ExecutionDetails(
                command: shown.commandText, workingDirectory: stage.workingDirectory,
                environment: preparation.redaction.environment(of: stage), params: shown.params,
                inputs: evaluated.facts.inputs),
            inputMakers: inputMakers(of: index, evaluated.facts.inputs), outputs: stage.outputs,
            resources: lease.request, timeoutSeconds: stage.timeoutSeconds, keep: stage.keep,
            state: queues ? .queued : .running, submittedAt: queues ? now : nil, startedAt: now,
            queuedSeconds: max(0, now.seconds(since: evaluated.readyAt)), engine: engine.name, host: identity.host,
            logPath: RunFiles.log(
                of: identity.run, stage: stage.name, index: index, repetition: repetition?.number, attempt: attempt),
            token: randomToken(), reasons: evaluated.decision.reasons, resumed: isResumed,
            gpuIDs: (lease.gpus ?? []).map(\.name), repetition: repetition?.number)
        try internStrings(from: index)
        let id = try store.begin(start, run: identity.run, pipeline: graph.pipeline)
        var decision = evaluated.decision
        decision.executionID = id
        try recordDecision(index, decision)
        if attempt == 1, repetition?.number ?? 1 == 1 { state.counts.executed += 1 }
        if repetition != nil { repetitions.started(id) }
        let record = ExecutionRecord(
            id: id, runID: identity.run, stage: stage.name, state: start.state, key: key, baseKey: start.baseKey,
            inputsChangedDuringRun: false, isRejected: false, outputs: [])
        history.started(record)
        running[id] = RunningStage(
            stage: index, repetition: repetition, attempt: attempt, record: record, filesOf: identity.run,
            reasons: start.reasons, logPath: start.logPath, token: start.token, request: lease.request, since: now,
            inputs: WatchedInputs(stage: stage, facts: evaluated.facts, workspace: preparation.workspace),
            tail: MetricsTail(path: "\(root)/\(RunFiles.metrics(of: identity.run, id))"), deviceHold: hold)
        if !queues { reportStart(id) }
        let execution = StageFiles.Execution(
            run: identity.run, id: id, attempt: attempt, logPath: start.logPath, token: start.token, lease: lease,
            startedAt: queues ? nil : now)
        let rendered = stage.rendered { value in
            values(of: value, in: stage, evaluated.facts.inputs, lease.request, attempt: attempt)
        }
        var prepared = StageFiles.Prepared(arguments: [])
        if problem == nil {
            do throws(WorkspaceFailure) {
                prepared = try files.prepare(rendered, execution, isPrivate: shown != stage)
                running[id]?.scriptPath = prepared.scriptPath.map { "\(root)/\($0)" }
                running[id]?.temporaryFolder = prepared.temporaryFolder
            } catch {
                problem = error.description
            }
            if let refusal = files.takeRefusal() { afterCommit.events.append(.warning(refusal)) }
        }
        let environment = files.environment(of: rendered, execution, prepared)
        if !stage.lateTemplates.isEmpty { problem = problem ?? rendered.lengthProblem(environment: environment) }
        if let problem { return try rejected(id, because: problem) }
        running[id]?.sources = sources(of: execution, stage, evaluated.facts, startedAt: now)
        afterCommit.launches.append(
            Launch(
                executionID: id, stage: stage.name, arguments: prepared.arguments,
                plainWords: rendered.plainWords(in: environment),
                workingDirectory: files.workingDirectory(of: stage), environment: environment,
                logPath: "\(root)/\(start.logPath)", token: start.token, graceSeconds: options.graceSeconds,
                timeoutSeconds: stage.timeoutSeconds,
                memoryLimitBytes: options.enforceMemory ? lease.request.memoryBytes : nil, lease: lease,
                holdsDevices: hold != nil))
        return []
    }

    /// What replaces a late template of an attempt.
    private func values(
        of value: LateValue, in stage: Stage, _ inputs: [RecordedPath], _ request: ResourceRequest, attempt: Int
    ) -> [String] {
        switch value {
        case .matches(let name):
            inputs.filter { $0.name == name }.map { input in
                let path = relative(input.path, to: stage.workingDirectory)
                // A file named `-r` is not an option.
                return path.hasPrefix("-") ? "./\(path)" : path
            }
        case .cpus: [request.cpus.description]
        case .memoryBytes: [request.memoryBytes.map(String.init) ?? ""]
        case .gpus: [request.gpus?.description ?? ""]
        case .attempt: [String(attempt)]
        }
    }

    /// Whether the engine has a queue: executions are `queued` until it has started them.
    private var queues: Bool { if case .inFlight = engine.admission { true } else { false } }

    /// Reports to the user that a stage runs.
    func reportStart(_ id: ExecutionID) {
        guard let execution = running[id] else { return }
        let stage = graph.stages[execution.stage]
        afterCommit.events.append(
            .stageStarted(
                StageStarted(
                    stage: stage.name, executionID: id, attempt: execution.attempt,
                    maxAttempts: scheduler.mostAttempts(of: execution.stage), reasons: execution.reasons,
                    command: preparation.redaction.shown(stage).commandText, logPath: execution.logPath,
                    expectedSeconds: preparation.medians[stage.name], resources: execution.request,
                    repetition: execution.repetition)))
    }

    /// Has the store intern the strings of this stage and of the next that may run.
    private func internStrings(from index: StageIndex) throws(Failure) {
        guard state.internedBefore <= index else { return }
        state.internedBefore = min(index + 256, graph.stages.count)
        let next = (index..<state.internedBefore).filter { state.isOpen[$0] }
            .map { preparation.redaction.shown(graph.stages[$0]) }
        try store.internStrings(of: next, pipeline: graph.pipeline)
    }

    /// Who made what the inputs lie in or contain. Where path and contents are equal, nothing need be recorded; what is
    /// read through a folder may be more than what was made.
    private func inputMakers(of index: StageIndex, _ inputs: [RecordedPath]) -> [ExecutionStart.InputMaker] {
        var makers: [String: ExecutionID] = [:]
        var folders: [String: Fingerprint] = [:]
        for producer in Set(graph.producers[index].joined()) {
            guard let maker = state.decisions[producer].executionID else { continue }
            for output in graph.stages[producer].outputs { makers[output.path] = maker }
            for output in history.current(graph.stages[producer].name)?.outputs ?? []
            where output.fingerprint.kind != .content {
                folders[output.path] = output.fingerprint
            }
        }
        var inputsByPath: [String: [RecordedPath]] = [:]
        for input in inputs {
            if let made = folders[input.path], made != input.fingerprint {
                inputsByPath[input.path, default: []].append(input)
            } else if makers.removeValue(forKey: input.path) == nil {
                inputsByPath[input.path, default: []].append(input)
            }
        }
        guard !makers.isEmpty else { return [] }
        var found = Set<ExecutionStart.InputMaker>()
        for inputs in inputsByPath.values {
            for input in inputs {
                for path in [input.path] + foldersAbove(input.path) {
                    if let maker = makers[path] { found.insert(ExecutionStart.InputMaker(input: input, maker: maker)) }
                }
            }
        }
        for (path, maker) in makers {
            for input in foldersAbove(path).flatMap({ inputsByPath[$0] ?? [] }) {
                found.insert(ExecutionStart.InputMaker(input: input, maker: maker))
            }
        }
        return found.sorted { ($0.input.path, $0.maker) < ($1.input.path, $1.maker) }
    }

    /// `a/b` and `a` of `a/b/c`.
    private func foldersAbove(_ path: String) -> [String] {
        path.indices.filter { path[$0] == "/" && $0 != path.startIndex }.map { String(path[..<$0]) }
    }

    /// Which outputs an attempt leaves in place. `--force` begins anew, unless `--resume` asks for the opposite.
    ///
    /// - Parameter isContinued: what determines the result is as it was at the execution before.
    private func persisting(_ index: StageIndex, attempt: Int, isContinued: Bool) -> Set<Persistence> {
        let beginsAnew = attempt == 1 && preparation.request.selection.isForced[index] && !options.resume
        if beginsAnew { return [] }
        return isContinued || options.resume ? [.sameKey, .always] : [.always]
    }

    /// Moves aside what lies where outputs will be made. A sentence when that must not or cannot be done.
    private func clearWay(for stage: Stage, persisting: Set<Persistence>) throws(Failure) -> String? {
        if let stray = strayOutput(of: stage) { return stray }
        for output in stage.outputs {
            if persisting.contains(output.persistence) { continue }
            guard preparation.area.exists(output.path) else { continue }
            let owner = try store.owner(ofPath: output.path)
            if owner == nil, !options.overwrite {
                return "'\(output.path)' exists but was not made by any execution; move it away, or use --overwrite"
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

    /// Under whose versions to keep what lies at an output's path. What no execution is known to have made goes under
    /// the number of the run that moves it, below zero.
    func keeper(of output: Output, ownedBy owner: ExecutionID?) throws(Failure) -> ExecutionID {
        let unknown = ExecutionID(-identity.run.value)
        guard let owner else { return unknown }
        guard preparation.area.isKept(output.path, madeBy: owner) else { return owner }
        // The owner's version was moved before: this one is of a restore that was cut short, or of another program.
        guard let found = try? preparation.workspace.fingerprint(of: output.path, scope: output.scope) else {
            return unknown
        }
        return try store.maker(ofPath: output.path, holding: found) ?? unknown
    }

    /// Why the stage's outputs cannot be made, or put back, where they belong. Looked at anew each time: what ran since
    /// may have put a link in the place of a folder.
    func strayOutput(of stage: Stage) -> String? {
        var foldersInside = Set<Substring>()
        do throws(WorkspaceFailure) {
            return try preparation.strayOutput(of: stage, foldersInside: &foldersInside)
        } catch {
            return error.description
        }
    }
}
