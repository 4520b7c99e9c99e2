// From what an engine reports of an execution to its recorded end: outputs are digested, inputs looked at once more,
// metrics read, old versions dropped. Whether the end is a success is decided by `ExecutionState.after`, nowhere else.

import EngineAPI
import Glibc
import Model
import Planner
import Programs
import Workspace

/// What was found where a command had ended well.
struct Examination: Sendable {
    var outputs: [RecordedPath] = []
    var missing: [String] = []
    var problem: String?
    /// Inputs that changed while the stage ran.
    var changedInputs: [ChangedInput] = []
    var metrics: [MetricPoint] = []
    var discovery = Discovery()
    /// What the execution reported to have read is part of it.
    var hasReportedInputs = false
    /// About values of metrics files that are not numbers.
    var notes: [String] = []
}

extension Run {
    // MARK: - What the engine reports

    func handle(_ event: EngineEvent) throws(Failure) -> [SchedulerAction] {
        if case .unavailable(let sentence) = event {
            if !engineIsSilent { afterCommit.events.append(.warning(sentence)) }
            engineIsSilent = true
            return []
        }
        engineIsSilent = false
        switch event {
        case .available: return []
        case .submitted(let id, let job):
            if running[id] != nil { try store.recordJob(job, of: id) }
            return []
        case .started(let id, let started):
            try self.started(id, started)
            return []
        case .rejected(let id, let reason): return try rejected(id, because: reason)
        case .ended(let id, let outcome): return try ended(id, outcome)
        case .lost(let id, let reason): return try lost(id, because: reason)
        case .failed(let sentence):
            // Nothing more can be started; its executions are reported as lost after this.
            afterCommit.events.append(.warning(sentence))
            _ = scheduler.handle(.interrupted(force: true))
            return []
        case .unavailable: return []
        }
    }

    /// A queued execution runs now. Of others that is known since their row was written.
    private func started(_ id: ExecutionID, _ started: StartedExecution) throws(Failure) {
        guard let execution = running[id], execution.record.state == .queued else { return }
        try store.markRunning(
            ExecutionRunning(
                id: id, startedAt: started.startedAt ?? driver.now(), host: started.host ?? identity.host,
                gpuIDs: started.devices, engineJobID: nil))
        running[id]?.record.state = .running
        running[id]?.since = started.startedAt ?? driver.now()
        if let record = running[id]?.record { history.started(record) }
        reportStart(id)
    }

    /// Nothing of it was started.
    func rejected(_ id: ExecutionID, because reason: String) throws(Failure) -> [SchedulerAction] {
        try ended(id, EngineOutcome(exit: .notStarted(reason), usage: Usage(wallSeconds: 0)))
    }

    /// A command ended: on success its outputs are looked at, off the deciding thread where that may take a while; else
    /// it is recorded at once.
    private func ended(_ id: ExecutionID, _ outcome: EngineOutcome) throws(Failure) -> [SchedulerAction] {
        if let removed = adoption.withoutStage.removeValue(forKey: id) {
            return try recordCancelled(removed, outcome)
        }
        guard running[id] != nil, running[id]?.outcome == nil else { return [] }
        if case .notStarted = outcome.exit {} else { try started(id, StartedExecution()) }
        running[id]?.outcome = outcome
        guard let execution = running[id] else { return [] }
        let (workspace, root, queue, inputs) = (preparation.workspace, root, queue, execution.inputs)
        let sources = execution.isAdopted ? sources(ofAdopted: execution) : execution.sources
        running[id]?.sources = sources
        let hasSources = sources?.exist(root: root) ?? false
        guard outcome.exit == .code(0) else {
            // It counts even so: what it leaves is continued only by the same program.
            guard hasSources, let sources else { return try examined(id, Examination()) }
            driver.inBackground {
                var found = Examination()
                found.discovery = Discoverer(sources, in: workspace).find(isSuccess: false)
                queue.put(.examined(id, found))
            }
            return []
        }
        let outputs = graph.stages[execution.stage].outputs
        let now = driver.now()
        let mayTell = hasSources || graph.stages[execution.stage].discovery.depfile != nil
        if !mayTell, isQuicklyExamined(outputs), inputs.areUntouchedFiles(in: workspace) {
            return try examined(id, examine(outputs, in: workspace, root: root, at: now))
        }
        driver.inBackground {
            var found = examine(outputs, in: workspace, root: root, at: now)
            found.changedInputs = inputs.changes(in: workspace)
            if mayTell, let sources {
                found.discovery = Discoverer(sources, in: workspace).find(isSuccess: true)
                found.problem = found.problem ?? found.discovery.problem
            }
            queue.put(.examined(id, found))
        }
        return []
    }

    /// Whether the outputs can be read as cheaply as passed to another thread.
    private func isQuicklyExamined(_ outputs: [Output]) -> Bool {
        var bytes: Int64 = 0
        for output in outputs {
            guard let size = preparation.area.sizeOfFile(output.path) else { return false }
            bytes += size
        }
        return bytes <= 64 << 10
    }

    // MARK: - Recording

    /// Records how it ended, and lets the scheduler know.
    func examined(_ id: ExecutionID, _ examination: Examination) throws(Failure) -> [SchedulerAction] {
        // A long file of metrics is read in pieces, so that this thread hears of other things in between.
        if try !readReportedLines(of: id) {
            queue.put(.examined(id, examination))
            return []
        }
        if examineReportedInputs(of: id, examination) { return [] }
        guard var execution = running.removeValue(forKey: id), let outcome = execution.outcome else { return [] }
        let now = driver.now()
        // Its outputs were not read to the end.
        if preparation.workspace.isReadingStopped { execution.stopCause = execution.stopCause ?? .interruption }
        let (state, error) = ExecutionState.after(
            ExecutionEnding(
                exit: outcome.exit, stopCause: outcome.stopCause ?? execution.stopCause,
                sawOutOfMemoryKill: outcome.sawOutOfMemoryKill, missingOutputs: examination.missing,
                // The rest of its lines may name inputs.
                outputProblem: examination.problem
                    ?? (execution.tail.isGivenUp ? "what it reported was not read to the end" : nil),
                hint: hint(about: outcome.exit, of: execution)))
        let isSuccess = state == .succeeded
        let stage = graph.stages[execution.stage]
        let discovery = examination.discovery
        let changedInputs = isSuccess ? examination.changedInputs : []
        let remarks =
            (changedInputs.isEmpty ? [] : [sentence(for: changedInputs)])
            + remarks(on: discovery, of: execution, isSuccess: isSuccess)
            + remarks(on: execution, outcome, isSuccess ? examination.notes : [])
        let excess = state == .outOfMemory ? nil : memoryExcess(execution.request, outcome.usage)
        if isSuccess { warnAboutMissingImports(discovery, of: execution) }
        noteUse(of: discovery)
        try record(
            execution,
            ExecutionFinish(
                id: id, state: state, exit: outcome.exit, error: error,
                note: joined(remarks + (excess.map { [$0.sentence] } ?? [])),
                finishedAt: now, usage: outcome.usage, outputs: isSuccess ? examination.outputs : [],
                discovered: discovery.inputs,
                inputsChangedDuringRun: isSuccess && !(changedInputs.isEmpty && discovery.changed.isEmpty),
                metrics: isSuccess ? examination.metrics : [],
                metricsFiles: isSuccess ? stage.outputs.filter(\.isMetrics).map(\.path) : [],
                gpuSamples: outcome.gpuSamples),
            shownNote: joined(remarks))
        if let excess { warn(excess, stage) }
        afterCommit.finishedFiles.append(execution.tail.path)
        if discovery.reportsImports, let path = execution.sources?.importNotes {
            afterCommit.finishedFiles.append(path)
        }
        removeFiles(of: execution)
        if isSuccess, let repetition = execution.repetition { repetitions.succeeded(repetition, of: execution.stage) }
        if execution.isAdopted { return released(execution.stage) }
        let isRepeated = isSuccess && !(execution.repetition?.isLast ?? true)
        return finished(execution, state, isRepeated ? .repeats(execution.stage) : .ended(execution.stage, state))
    }

    private func hint(about exit: Exit, of execution: RunningStage) -> String? {
        guard case .code(let code) = exit, code != 0 else { return nil }
        var status = stat()
        let isLogEmpty = stat("\(root)/\(execution.logPath)", &status) == 0 && status.st_size == 0
        return graph.stages[execution.stage].hint(forExitCode: code, isLogEmpty: isLogEmpty)
    }

    /// Its end cannot be found out.
    private func lost(_ id: ExecutionID, because reason: String) throws(Failure) -> [SchedulerAction] {
        let now = driver.now()
        if let removed = adoption.withoutStage.removeValue(forKey: id) {
            try store.finish(
                ExecutionFinish(
                    id: removed.id, state: .lost, exit: nil, error: reason, finishedAt: now,
                    usage: Usage(wallSeconds: 0)))
            return []
        }
        guard let execution = running.removeValue(forKey: id) else { return [] }
        removeFiles(of: execution)
        try record(
            execution,
            ExecutionFinish(
                id: id, state: .lost, exit: nil, error: reason, finishedAt: now,
                usage: Usage(wallSeconds: now.seconds(since: execution.since))))
        if execution.isAdopted { return released(execution.stage) }
        return finished(execution, .lost, .ended(execution.stage, .lost))
    }

    private func joined(_ notes: [String]) -> String? { notes.isEmpty ? nil : notes.joined(separator: "; ") }

    /// The end of an execution, in the store, in the history that later stages are evaluated from, and for the user.
    ///
    /// - Parameter shownNote: remarks for the user, without those that are warnings of their own.
    private func record(
        _ execution: RunningStage, _ finish: ExecutionFinish, shownNote: String? = nil
    ) throws(Failure) {
        let stage = graph.stages[execution.stage]
        let isSuccess = finish.state == .succeeded
        try store.finish(finish)
        let set =
            finish.discovered.isEmpty ? nil : try store.recordDiscovered(finish.discovered, of: finish.id)
        let record = ExecutionRecord(
            id: finish.id, runID: identity.run, stage: stage.name, state: finish.state,
            key: execution.record.key, baseKey: execution.record.baseKey,
            inputsChangedDuringRun: finish.inputsChangedDuringRun, isRejected: false, outputs: finish.outputs,
            discovered: set)
        history.started(record)
        if isSuccess {
            history.becameCurrent(record, for: stage.name)
            if !execution.isAdopted {
                claim(.pinned, execution.stage)
                state.decisions[execution.stage] = Decision(
                    verdict: .fresh, reasons: execution.reasons, key: record.key, executionID: finish.id)
            }
            try dropOldVersions(of: stage)
        }
        // The stage of an adopted execution is evaluated again: that is what is reported.
        if execution.isAdopted { return }
        let showsLog = !isSuccess && finish.state != .lost
        let logTail = showsLog ? lastLines(ofFile: "\(root)/\(execution.logPath)", count: 20) : []
        afterCommit.events.append(
            .stageFinished(
                StageFinished(
                    stage: stage.name, executionID: finish.id, attempt: execution.attempt, state: finish.state,
                    exit: finish.exit, error: finish.error, note: shownNote, usage: finish.usage,
                    logPath: execution.logPath, logTail: logTail,
                    repetition: execution.repetition)))
    }

    /// Removes what was made for an execution alone.
    private func removeFiles(of execution: RunningStage) {
        if let path = execution.scriptPath { afterCommit.finishedFiles.append(path) }
        if let path = execution.temporaryFolder { afterCommit.finishedFolders.append(path) }
    }

    /// Removes a temporary folder: at once if it is empty, else on another thread.
    func clear(_ folder: String) {
        if files.giveBack(folder) { return }
        foldersBeingCleared += 1
        let queue = queue
        driver.inBackground {
            do throws(WorkspaceFailure) {
                try TemporaryFolders.remove(folder)
                queue.put(.cleared(problem: nil))
            } catch {
                queue.put(.cleared(problem: error.description))
            }
        }
    }

    func cleared(_ problem: String?) {
        foldersBeingCleared -= 1
        if let problem { notify(.warning(problem)) }
    }

    /// What the end of an execution means to its stage.
    private func finished(
        _ execution: RunningStage, _ end: ExecutionState, _ event: SchedulerEvent
    ) -> [SchedulerAction] {
        let actions = scheduler.handle(event)
        let isSuccess = end == .succeeded
        let isLostAndRetried = end == .lost && actions.contains(.evaluate(execution.stage))
        let isRetried =
            isLostAndRetried
            || actions.contains { if case .wait(execution.stage, _, _) = $0 { true } else { false } }
        if isLostAndRetried {
            afterCommit.events.append(
                .stageRetrying(
                    stage: graph.stages[execution.stage].name, nextAttempt: execution.attempt + 1,
                    maxAttempts: scheduler.mostAttempts(of: execution.stage), delaySeconds: 0))
        }
        // What another program cancelled counts as failed, although nothing was wrong with it.
        let isOwnInterruption = end == .interrupted && interruption.signal != nil
        if !isSuccess, !isRetried, !isOwnInterruption, end != .stopped {
            claim(.released, execution.stage)
            state.failed(graph.stages[execution.stage])
        }
        if isSuccess || !isRetried { state.evaluated[execution.stage] = nil }
        return actions
    }

    // MARK: - Earlier versions

    /// Keeps as many earlier succeeded versions of the outputs as the stage asks for, those that were in place last. Runs after a success only, so
    /// that a failed retrain never costs the model that was there; nor does a success that cannot be recorded, since
    /// the others are removed only after the commit. What repetitions of this run made does not count.
    private func dropOldVersions(of stage: Stage) throws(Failure) {
        var succeeded = 0
        for kept in try history.keptExecutions(of: stage.name) {
            if kept.state == .succeeded, !repetitions.contains(kept.id) {
                succeeded += 1
                if succeeded <= stage.keep { continue }
            }
            afterCommit.supersededVersions.append(kept.id)
            history.droppedKept(kept.id)
        }
    }
}

private func examine(_ outputs: [Output], in workspace: Workspace, root: String, at time: Timestamp) -> Examination {
    var result = Examination()
    for output in outputs {
        do throws(WorkspaceFailure) {
            guard let found = try workspace.fingerprint(of: output.path, scope: output.scope) else {
                result.missing.append(output.path)
                continue
            }
            result.outputs.append(RecordedPath(name: output.name, path: output.path, fingerprint: found))
        } catch {
            result.problem = error.description
            continue
        }
        guard output.isMetrics else { continue }
        let path = output.path.hasPrefix("/") ? output.path : "\(root)/\(output.path)"
        let found = finalMetrics(ofFile: path, shownAs: output.path, at: time)
        result.metrics += found.points
        result.notes += found.note.map { [$0] } ?? []
        result.problem = result.problem ?? found.problem
    }
    return result
}

/// The last lines of a file that may be huge.
private func lastLines(ofFile path: String, count: Int) -> [String] {
    let descriptor: Int32
    do { descriptor = try StateFile.open(path, O_RDONLY) } catch {
        return error.isOtherKind ? ["(no log: something else was put in its place, a link or not a regular file)"] : []
    }
    defer { close(descriptor) }
    let size = lseek(descriptor, 0, SEEK_END)
    let start = max(0, size - 32_768)
    var bytes = [UInt8](repeating: 0, count: Int(size - start))
    let length = pread(descriptor, &bytes, bytes.count, start)
    guard length > 0 else { return [] }
    var lines = String(decoding: bytes[..<length], as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)
    if start > 0, lines.count > 1 { lines.removeFirst() }
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    return lines.suffix(count).map { String($0) }
}
