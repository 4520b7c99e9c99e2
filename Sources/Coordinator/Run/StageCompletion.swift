// From the end of a process to a recorded state: outputs are digested, inputs looked at once more, metrics read, old
// versions dropped. Whether the end is a success is decided by `ExecutionState.after`, nowhere else.

import EngineAPI
import Glibc
import Model
import Planner
import ProcessHost
import Workspace

/// What a stage's inputs looked like just before its process was created.
struct WatchedInputs: Sendable {
    private let entries: [(recorded: RecordedPath, mode: DigestMode, observation: Observation?)]
    /// Patterns, and the paths that they matched.
    private let patterns: [(pattern: String, matches: [String])]

    init(stage: Stage, facts: StageFacts, workspace: Workspace) {
        let modes = Dictionary(stage.inputs.map { ($0.name, $0.mode) }, uniquingKeysWith: { first, _ in first })
        entries = facts.inputs.map { recorded in
            let mode = modes[recorded.name] ?? .content
            return (recorded, mode, try? workspace.observation(of: recorded.path, mode: mode))
        }
        patterns = stage.inputs.filter(\.isGlob).map { ($0.path, (try? workspace.matches(of: $0.path)) ?? []) }
    }

    /// Whether their stats alone tell that all of them are what was read. Asked only where that takes no time: of files
    /// that are named one by one.
    func areUntouchedFiles(in workspace: Workspace) -> Bool {
        patterns.isEmpty
            && entries.allSatisfy { entry in
                guard case .file(let stamp)? = entry.observation else { return false }
                return (try? workspace.stamp(of: entry.recorded.path)) == stamp
            }
    }

    /// Whether any of them is no longer what was read: a changed stat is read again, and only another digest counts.
    func haveChanged(in workspace: Workspace) -> Bool {
        for entry in entries {
            let now = try? workspace.observation(of: entry.recorded.path, mode: entry.mode)
            if now != nil, now == entry.observation { continue }
            if (try? workspace.fingerprint(of: entry.recorded.path, mode: entry.mode)) != entry.recorded.fingerprint {
                return true
            }
        }
        return patterns.contains { (try? workspace.matches(of: $0.pattern)) != $0.matches }
    }
}

/// What was found where a process had ended well.
struct Examination: Sendable {
    var outputs: [RecordedPath] = []
    var missing: [String] = []
    var problem: String?
    var inputsChanged = false
    var metrics: [MetricPoint] = []
}

extension Run {
    /// A process ended: on success its outputs are looked at, off the deciding thread where that may take a while; else it
    /// is recorded at once.
    func ended(_ id: ExecutionID, _ outcome: EngineOutcome) throws(Failure) -> [SchedulerAction] {
        guard var execution = running[id], execution.outcome == nil else { return [] }
        execution.outcome = outcome
        running[id] = execution
        guard outcome.exit == .code(0) else { return try examined(id, Examination()) }
        let (workspace, root, queue, inputs) = (preparation.workspace, root, queue, execution.inputs)
        let outputs = graph.stages[execution.stage].outputs
        let now = clock()
        if isLookedAtInNoTime(outputs), inputs.areUntouchedFiles(in: workspace) {
            return try examined(id, examine(outputs, in: workspace, root: root, at: now))
        }
        Task.detached {
            var found = examine(outputs, in: workspace, root: root, at: now)
            found.inputsChanged = inputs.haveChanged(in: workspace)
            queue.put(.examined(id, found))
        }
        return []
    }

    /// Whether reading them costs no more than handing them to another thread.
    private func isLookedAtInNoTime(_ outputs: [Output]) -> Bool {
        var bytes: Int64 = 0
        for output in outputs {
            guard let size = preparation.area.sizeOfFile(output.path) else { return false }
            bytes += size
        }
        return bytes <= 64 << 10
    }

    /// Records a piece of what an ended stage reported. Whether no more than a last line is left.
    private func readReportedLines(of id: ExecutionID) throws(Failure) -> Bool {
        guard var tail = running[id]?.tail else { return true }
        tail.end()
        try recordReport(tail.read(at: clock()), of: id)
        running[id]?.tail = tail
        return !tail.isBehind
    }

    func recordReport(_ told: ReportedLines, of id: ExecutionID) throws(Failure) {
        if !told.points.isEmpty { try store.addMetrics(told.points, to: id) }
        if !told.params.isEmpty { try store.addReportedParams(told.params, to: id) }
    }

    /// Records how it ended, and tells the scheduler.
    func examined(_ id: ExecutionID, _ examination: Examination) throws(Failure) -> [SchedulerAction] {
        // A long file of metrics is read in pieces, so that this thread hears of other things in between.
        if try !readReportedLines(of: id) {
            queue.put(.examined(id, examination))
            return []
        }
        guard var execution = running.removeValue(forKey: id), let outcome = execution.outcome else { return [] }
        let stage = graph.stages[execution.stage]
        let now = clock()
        // Its outputs were not looked at to the end.
        if preparation.workspace.isReadingStopped { execution.stopCause = execution.stopCause ?? .interruption }
        try recordReport(execution.tail.readLastLine(at: now), of: id)
        let (state, error) = ExecutionState.after(
            ExecutionEnding(
                exit: outcome.exit, stopCause: execution.stopCause, sawOutOfMemoryKill: outcome.sawOutOfMemoryKill,
                missingOutputs: examination.missing, outputProblem: examination.problem))
        let isSuccess = state == .succeeded
        let finish = ExecutionFinish(
            id: id, state: state, exit: outcome.exit, error: error,
            note: note(of: execution, outcome), finishedAt: now, usage: outcome.usage,
            outputs: isSuccess ? examination.outputs : [],
            inputsChangedDuringRun: isSuccess && examination.inputsChanged,
            metrics: isSuccess ? examination.metrics : [], gpuSamples: outcome.gpuSamples)
        try store.finish(finish)
        let record = ExecutionRecord(
            id: id, runID: runID, stage: stage.name, state: state, key: execution.record.key,
            baseKey: execution.record.baseKey, inputsChangedDuringRun: finish.inputsChangedDuringRun, isRejected: false,
            outputs: finish.outputs)
        history.started(record)
        if isSuccess {
            claim(.settled, execution.stage)
            history.tookCurrent(record, for: stage.name)
            settled[execution.stage] = Decision(
                verdict: .fresh, reasons: execution.start.reasons, key: record.key, executionID: id)
            try dropOldVersions(of: stage)
        }
        execution.tail.removeFile()
        if stage.command.textForFile != nil { unlink("\(root)/\(RunFiles.command(of: runID, id))") }
        events.append(
            .stageFinished(
                StageFinished(
                    stage: stage.name, executionID: id, attempt: execution.attempt, state: state, exit: outcome.exit,
                    error: error, note: finish.note, usage: outcome.usage, logPath: execution.start.logPath,
                    logTail: isSuccess ? [] : lastLines(ofFile: "\(root)/\(execution.start.logPath)", count: 20),
                    repetition: execution.repetition)))
        if isSuccess, let repetition = execution.repetition { repetitionsDone[execution.stage] = repetition.number }
        let isRepeated = isSuccess && !(execution.repetition?.isLast ?? true)
        let actions = scheduler.handle(isRepeated ? .repeats(execution.stage) : .ended(execution.stage, state))
        let isRetried = actions.contains { if case .wait(execution.stage, _, _) = $0 { true } else { false } }
        if !isSuccess, !isRetried, state != .interrupted {
            claim(.released, execution.stage)
            counts.failed += 1
            failedStages.append(stage.name)
        }
        if isSuccess || !isRetried { pendingDecisions[execution.stage] = nil }
        return actions
    }

    /// The engine is gone, and with it all that ran: recorded as lost, and nothing more is started.
    func lostAll(because sentence: String) throws(Failure) -> [SchedulerAction] {
        events.append(.warning(sentence))
        _ = endOrphans(tokens: Set(running.values.map(\.start.token)))
        _ = scheduler.handle(.interrupted(force: true))
        for (id, execution) in running.sorted(by: { $0.key < $1.key }) {
            let now = clock()
            let usage = Usage(wallSeconds: now.seconds(since: execution.start.startedAt))
            try store.finish(
                ExecutionFinish(id: id, state: .lost, exit: nil, error: sentence, finishedAt: now, usage: usage))
            counts.failed += 1
            let stage = graph.stages[execution.stage].name
            failedStages.append(stage)
            events.append(
                .stageFinished(
                    StageFinished(
                        stage: stage, executionID: id, attempt: execution.attempt, state: .lost, exit: nil,
                        error: sentence,
                        note: nil, usage: usage, logPath: execution.start.logPath, logTail: [],
                        repetition: execution.repetition)))
            _ = scheduler.handle(.ended(execution.stage, .lost))
        }
        running.removeAll()
        return []
    }

    private func note(of execution: RunningStage, _ outcome: EngineOutcome) -> String? {
        var notes: [String] = []
        if outcome.leftoverProcesses > 0 {
            let isOne = outcome.leftoverProcesses == 1
            notes.append(
                "it left \(outcome.leftoverProcesses) process\(isOne ? "" : "es") behind, which \(isOne ? "was" : "were") ended"
            )
        }
        let bad = execution.tail.badLines
        if bad > 0 { notes.append("\(bad) line\(bad == 1 ? "" : "s") of RUNS_METRICS could not be read") }
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    /// Keeps as many earlier succeeded versions of the outputs as the stage asks for. Runs after a success only, so
    /// that a failed retrain never costs the model that was there; nor does a success that cannot be recorded, for
    /// the others are removed only after the commit. What repeats of this run made takes nobody's place.
    private func dropOldVersions(of stage: Stage) throws(Failure) {
        var succeeded = 0
        for kept in try history.keptExecutions(of: stage.name) {
            if kept.state == .succeeded, !repeatedExecutions.contains(kept.id) {
                succeeded += 1
                if succeeded <= stage.keep { continue }
            }
            superseded.append(kept.id)
            history.droppedKept(kept.id)
        }
    }

    func removeSuperseded() {
        for id in superseded {
            asideFailure { () throws(WorkspaceFailure) in try preparation.area.dropKept(id) }
        }
        superseded.removeAll()
    }

    /// Tidying that failed is worth a word, not the run.
    private func asideFailure(_ body: () throws(WorkspaceFailure) -> Void) {
        do { try body() } catch { events.append(.warning(error.description)) }
    }
}

private func examine(_ outputs: [Output], in workspace: Workspace, root: String, at time: Timestamp) -> Examination {
    var result = Examination()
    for output in outputs {
        do throws(WorkspaceFailure) {
            guard let found = try workspace.fingerprint(of: output.path, mode: output.mode) else {
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
        let (points, problem) = finalMetrics(ofFile: path, shownAs: output.path, at: time)
        result.metrics += points
        result.problem = result.problem ?? problem
    }
    return result
}

/// The last lines of a file that may be huge.
func lastLines(ofFile path: String, count: Int) -> [String] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
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
