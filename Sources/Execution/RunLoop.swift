// The loop of a run: messages, signals and timers in; scheduler actions out; one transaction a turn. Rows of a start
// are committed before its process is created.

import Glibc
import Model
import Planner
import Workspace

/// A stage on its way to a process: the verdict, and what it was judged by.
struct JudgedStage {
    let decision: Decision
    let facts: StageFacts
    let readyAt: Timestamp
    /// The turn of the loop in which the disk was looked at.
    let turn: Int
}

/// An execution whose process runs, or whose outputs are being looked at.
struct RunningStage {
    let stage: StageIndex
    let repetition: Repetition?
    let attempt: Int
    let start: ExecutionStart
    let record: ExecutionRecord
    let inputs: WatchedInputs
    var deadline: Timestamp?
    var stopCause: StopCause?
    var tail: MetricsTail
    var outcome: EngineOutcome?
}

extension Run {
    func loop(engine: any Engine, signals: borrowing SignalSource, tick: () -> Void) throws(Failure) {
        var turn = 0
        var pending = scheduler.start()
        var nextMetrics = clock().adding(seconds: 1)
        while true {
            turn += 1
            let now = clock()
            let isMetricsDue = now >= nextMetrics && !running.isEmpty
            let messages = turn == 1 ? [] : queue.take(waitingSeconds: waitSeconds(now: now), also: signals.descriptor)
            while let signal = signals.next() { pending += interrupt(by: signal, engine: engine) }
            let due = takeDueTimers()
            stopOverdue(engine)
            if isMetricsDue { nextMetrics = now.adding(seconds: 1) }
            if !messages.isEmpty || !due.isEmpty || !pending.isEmpty || isMetricsDue {
                let carried = pending
                pending = []
                try store.inTransaction { () throws(Failure) in
                    var actions = carried
                    for message in messages { actions += try handle(message) }
                    for timer in due { actions += try handle(timer) }
                    if isMetricsDue { try readLiveMetrics() }
                    try carryOut(actions, turn: turn, engine: engine)
                    try store.saveDigests(preparation.workspace.takeNewEntries())
                }
                removeSuperseded()
                flushEvents()
                if !launches.isEmpty {
                    engine.launch(launches)
                    launches.removeAll(keepingCapacity: true)
                }
            }
            tick()
            if scheduler.isFinished { return }
        }
    }

    /// Actions and the actions that follow from them, until only messages can bring more.
    private func carryOut(_ first: [SchedulerAction], turn: Int, engine: any Engine) throws(Failure) {
        var pending = first
        repeat {
            var index = 0
            while index < pending.count {
                pending += try carryOut(pending[index], turn: turn, engine: engine)
                index += 1
            }
            pending = scheduler.admit()
        } while !pending.isEmpty
    }

    private func carryOut(_ action: SchedulerAction, turn: Int, engine: any Engine) throws(Failure) -> [SchedulerAction] {
        switch action {
        case .judge(let stage): return try judge(stage, turn: turn)
        case .restore(let stage): return try beginRestoring(stage)
        case .launch(let stage, let attempt, let lease): return try launch(stage, attempt: attempt, lease, turn: turn)
        case .wait(let stage, let nextAttempt, let seconds):
            timers.append(Timer(at: clock().adding(seconds: seconds), stage: stage, blocker: nil))
            events.append(
                .stageRetrying(
                    stage: graph.stages[stage].name, nextAttempt: nextAttempt,
                    maxAttempts: graph.stages[stage].retries.max + 1, delaySeconds: seconds))
            return []
        case .block(let stage, let blocker):
            let reason = Reason(.blocked, subject: graph.stages[blocker].name)
            try tookBlocked(stage, Decision(verdict: .blocked, reasons: [reason]))
            return []
        case .stopAll(let force):
            for (id, execution) in running where execution.outcome == nil {
                engine.stop(id, graceSeconds: force ? 0 : options.graceSeconds)
                if execution.stopCause == nil { running[id]?.stopCause = .interruption }
            }
            return []
        }
    }

    /// The verdict on a stage by what is on disk and in the store now.
    func decide(_ index: StageIndex) throws(Failure) -> (Decision, StageFacts) {
        let stage = graph.stages[index]
        let facts = try gatherFacts(
            of: index, in: graph, decisions: settled, files: DiskFacts(workspace: preparation.workspace),
            history: history, environment: preparation.recordedEnvironment(of: stage))
        let isForced = preparation.request.selection.isForced[index]
        return (try preparation.judge.decide(stage, facts: facts, isForced: isForced), facts)
    }

    private func judge(_ index: StageIndex, turn: Int) throws(Failure) -> [SchedulerAction] {
        let stage = graph.stages[index]
        let (decision, facts) = try decide(index)
        switch decision.verdict {
        case .fresh:
            settled[index] = decision
            try tookFresh(index, decision)
            events.append(.stageDecided(stage: stage.name, decision: decision))
        case .run where !facts.missingInputs.isEmpty:
            let missing = facts.missingInputs.map { input in
                Reason(
                    .blocked,
                    subject: input.problem.map { "an input that cannot be read: \($0)" } ?? "missing input \(input.path)")
            }
            try tookBlocked(index, Decision(verdict: .blocked, reasons: missing))
            return scheduler.handle(.impossible(index))
        case .run, .mayRun, .restored:
            pendingDecisions[index] = JudgedStage(decision: decision, facts: facts, readyAt: clock(), turn: turn)
        case .frozen, .blocked, .notSelected: break
        }
        return scheduler.handle(.judged(index, decision.verdict))
    }

    private func handle(_ message: RunMessage) throws(Failure) -> [SchedulerAction] {
        switch message {
        case .engine(.started): return []
        case .engine(.finished(let id, let outcome)): return try ended(id, outcome)
        case .engine(.engineLost(let sentence)): return try lostAll(because: sentence)
        case .examined(let id, let examination): return try examined(id, examination)
        case .verified(let stage, let execution, let isIntact):
            return try finishRestoring(stage, from: execution, isIntact: isIntact)
        }
    }

    private func handle(_ timer: Timer) throws(Failure) -> [SchedulerAction] {
        if let blocker = timer.blocker, try isStillHeld(blocker, for: timer.stage) {
            timers.append(Timer(at: clock().adding(seconds: 0.1), stage: timer.stage, blocker: blocker))
            return []
        }
        return scheduler.handle(.due(timer.stage))
    }

    /// Same key: its result is waited for. Another key: an earlier run is waited for to its end, of a later one only
    /// the execution, so that two runs never wait for each other.
    private func isStillHeld(_ blocker: ClaimConflict, for stage: StageIndex) throws(Failure) -> Bool {
        let isSameKey = pendingDecisions[stage]?.decision.key == blocker.key
        if !isSameKey, blocker.run < runID {
            return try store.runningRuns().contains { $0.id == blocker.run } && !RunLock.isFree(root: root, run: blocker.run)
        }
        guard try store.stage(of: blocker.execution)?.state == .running else { return false }
        if RunLock.isFree(root: root, run: blocker.run) {
            _ = endLeftovers(tokens: Set(try store.runningExecutions(of: blocker.run).map(\.token)))
            try store.markLost(run: blocker.run, at: clock())
            return false
        }
        return true
    }

    // MARK: - Time

    private func waitSeconds(now: Timestamp) -> Double {
        var wait = running.isEmpty ? 1.0 : 0.1
        for timer in timers { wait = min(wait, timer.at.seconds(since: now)) }
        for execution in running.values {
            if let deadline = execution.deadline { wait = min(wait, deadline.seconds(since: now)) }
        }
        return max(0, wait)
    }

    private func takeDueTimers() -> [Timer] {
        guard !timers.isEmpty else { return [] }
        let now = clock()
        let due = timers.filter { $0.at <= now }
        timers.removeAll { $0.at <= now }
        return due
    }

    private func stopOverdue(_ engine: any Engine) {
        let now = clock()
        for (id, execution) in running where execution.stopCause == nil && execution.outcome == nil {
            if let deadline = execution.deadline, deadline <= now {
                running[id]?.stopCause = .timeout
                engine.stop(id, graceSeconds: options.graceSeconds)
            } else if options.enforceMemory, let limit = execution.start.resources.memoryBytes,
                let peak = engine.peakMemoryBytes(of: id), peak > limit
            {
                running[id]?.stopCause = .memoryLimit
                engine.stop(id, graceSeconds: options.graceSeconds)
            }
        }
    }

    private func interrupt(by signal: Int32, engine: any Engine) -> [SchedulerAction] {
        // Ctrl-\ asks for an end at once.
        let isForced = interruption != nil || signal == SIGQUIT
        if interruption == nil { interruption = signal }
        events.append(.interrupted(signal: signal, forced: isForced))
        return scheduler.handle(.interrupted(force: isForced))
    }

    private func readLiveMetrics() throws(Failure) {
        for id in running.keys.sorted() where running[id]?.outcome == nil {
            let points = running[id]?.tail.read(at: clock()) ?? []
            if !points.isEmpty { try store.addMetrics(points, to: id) }
        }
    }
}

extension Timestamp {
    func adding(seconds: Double) -> Timestamp {
        // A century is for ever, and fits.
        Timestamp(microseconds: microseconds + Int64(min(seconds, 3.2e9) * 1e6))
    }
}
