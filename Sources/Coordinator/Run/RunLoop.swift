// The loop of a run: messages, signals and timers in; scheduler actions out; one transaction a turn. Rows of a start
// are committed before its process is created.

import EngineAPI
import Glibc
import LocalEngine
import Model
import Planner
import Programs
import Workspace

/// A stage on its way to a process: the verdict, and what it was judged by.
struct EvaluatedStage {
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
    /// Held for as long as this is.
    let gpuLock: GPULock?
}

extension Run {
    func loop(
        engine: any Engine, lock: RunLock, signals: borrowing SignalSource, tick: () -> Void
    ) throws(Failure) {
        var turn = 0
        var pending = scheduler.start()
        var nextMetrics = clock().adding(seconds: 1)
        var nextLook = clock()
        while true {
            turn += 1
            let now = clock()
            let areGPUsFree = areGPUsFreed(now: now)
            let isMetricsDue = now >= nextMetrics && !running.isEmpty
            let wait = turn == 1 ? 0 : waitSeconds(now: now)
            let (told, isReadable) = queue.take(waitingSeconds: wait, also: [signals.descriptor, engine.descriptor])
            while isReadable[0], let signal = signals.next() { pending += interrupt(by: signal, engine: engine) }
            let messages = told + (isReadable[1] ? engine.takeEvents().map { RunMessage.engine($0) } : [])
            let due = takeDueTimers()
            stopOverdue(engine)
            if let stopReadingAt, now >= stopReadingAt { preparation.workspace.stopReading() }
            if isMetricsDue { nextMetrics = now.adding(seconds: 1) }
            if !held.isEmpty, now >= nextLook {
                pending += try lookAtEarlierRuns()
                nextLook = now.adding(seconds: 0.1)
            }
            if !messages.isEmpty || !due.isEmpty || !pending.isEmpty || isMetricsDue || areGPUsFree {
                let carried = pending
                pending = []
                try store.inTransaction { () throws(Failure) in
                    var actions = carried
                    for message in messages { actions += try handle(message) }
                    for timer in due { actions += scheduler.handle(.due(timer.stage)) }
                    if isMetricsDue, try readLiveMetrics() { nextMetrics = now }
                    try carryOut(actions, turn: turn, engine: engine)
                    try store.saveDigests(preparation.workspace.takeNewEntries())
                }
                removeSuperseded()
                publishClaims(lock)
                waitForGPUs(now: now)
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
            if scheduler.wantsGPUs {
                gpusTaken = gpuLocks.taken()
                scheduler.sawGPUs(taken: gpusTaken)
            }
            pending = scheduler.admit()
        } while !pending.isEmpty
    }

    private func carryOut(_ action: SchedulerAction, turn: Int, engine: any Engine) throws(Failure) -> [SchedulerAction]
    {
        switch action {
        case .evaluate(let stage): return try evaluate(stage, turn: turn)
        case .restore(let stage): return try beginRestoring(stage)
        case .launch(let stage, let attempt, let lease): return try launch(stage, attempt: attempt, lease, turn: turn)
        case .wait(let stage, let nextAttempt, let seconds):
            timers.append(Timer(at: clock().adding(seconds: seconds), stage: stage))
            events.append(
                .stageRetrying(
                    stage: graph.stages[stage].name, nextAttempt: nextAttempt,
                    maxAttempts: graph.stages[stage].retries.max + 1, delaySeconds: seconds))
            return []
        case .block(let stage, let blocker):
            claim(.released, stage)
            let reason = Reason(.blocked, subject: graph.stages[blocker].name)
            try recordBlocked(stage, Decision(verdict: .blocked, reasons: [reason]))
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
        return (try preparation.rule.evaluate(stage, facts: facts, isForced: isForced), facts)
    }

    private func evaluate(_ index: StageIndex, turn: Int) throws(Failure) -> [SchedulerAction] {
        // The run is stopping, and what a stage reads cannot be looked at any more.
        if preparation.workspace.isReadingStopped { return [] }
        let stage = graph.stages[index]
        let (decision, facts) = try decide(index)
        if !earlierRuns.isEmpty, try isHeld(index, decision) { return scheduler.handle(.held(index)) }
        switch decision.verdict {
        case .fresh:
            claim(.settled, index)
            settled[index] = decision
            try recordFresh(index, decision)
            events.append(.stageDecided(stage: stage.name, decision: decision))
        case .run where !facts.missingInputs.isEmpty:
            let missing = facts.missingInputs.map { input in
                Reason(
                    .blocked,
                    subject: input.problem.map { "an input that cannot be read: \($0)" }
                        ?? "missing input \(input.path)")
            }
            claim(.released, index)
            try recordBlocked(index, Decision(verdict: .blocked, reasons: missing))
            return scheduler.handle(.impossible(index))
        case .run, .mayRun, .restored:
            pendingDecisions[index] = EvaluatedStage(decision: decision, facts: facts, readyAt: clock(), turn: turn)
        case .frozen, .blocked, .notSelected: break
        }
        return scheduler.handle(.evaluated(index, decision.verdict))
    }

    private func handle(_ message: RunMessage) throws(Failure) -> [SchedulerAction] {
        switch message {
        case .engine(.finished(let id, let outcome)): return try ended(id, outcome)
        case .engine(.engineLost(let sentence)): return try lostAll(because: sentence)
        case .provenance(let found):
            try took(found)
            return []
        case .examined(let id, let examination): return try examined(id, examination)
        case .verified(let stage, let execution, let isIntact):
            return try finishRestoring(stage, from: execution, isIntact: isIntact)
        }
    }

    // MARK: - Time

    private func waitSeconds(now: Timestamp) -> Double {
        var wait = running.isEmpty && held.isEmpty ? 1.0 : 0.1
        for timer in timers { wait = min(wait, timer.at.seconds(since: now)) }
        if let look = nextGPULook { wait = min(wait, look.seconds(since: now)) }
        for execution in running.values {
            if let deadline = execution.deadline, execution.stopCause == nil, execution.outcome == nil {
                wait = min(wait, deadline.seconds(since: now))
            }
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

    /// A claim that is not told makes others wait longer, no more.
    private func publishClaims(_ lock: RunLock) {
        if !pendingClaims.isEmpty { try? lock.tell(pendingClaims) }
        pendingClaims.removeAll(keepingCapacity: true)
    }

    private func interrupt(by signal: Int32, engine: any Engine) -> [SchedulerAction] {
        // Ctrl-\ asks for an end at once.
        let isForced = interruption != nil || signal == SIGQUIT
        if interruption == nil { interruption = signal }
        stopReadingAt = clock().adding(seconds: isForced ? 0 : options.graceSeconds)
        events.append(.interrupted(signal: signal, forced: isForced))
        return scheduler.handle(.interrupted(force: isForced))
    }

    /// Whether there is more than was read at a time.
    private func readLiveMetrics() throws(Failure) -> Bool {
        var isBehind = false
        for id in running.keys.sorted() where running[id]?.outcome == nil {
            guard let told = running[id]?.tail.read(at: clock()) else { continue }
            try recordReport(told, of: id)
            isBehind = isBehind || running[id]?.tail.isBehind ?? false
        }
        return isBehind
    }
}

extension Timestamp {
    func adding(seconds: Double) -> Timestamp {
        // A century is for ever, and fits.
        Timestamp(microseconds: microseconds + Int64(min(seconds, 3.2e9) * 1e6))
    }
}
