// The loop of a run: events, messages, signals and timers in; scheduler actions out; one transaction a turn. Rows of a
// start are committed before the execution is submitted.

import EngineAPI
import Glibc
import Model
import Planner
import Workspace

extension Run {
    /// The times at which the loop looks again at what it is not notified of.
    private struct Schedule {
        var metrics: Timestamp
        var otherRuns: Timestamp
        var heartbeat: Timestamp
    }

    func loop(lock: RunLock, tick: () -> Void) throws(Failure) {
        var turn = 0
        var pending = scheduler.start()
        let begin = driver.now()
        var next = Schedule(
            metrics: begin.adding(seconds: 1), otherRuns: begin,
            heartbeat: begin.adding(seconds: RunLock.heartbeatSeconds))
        while true {
            turn += 1
            metricsBytesLeft = MetricsTail.mostLineBytes
            let now = driver.now()
            let areDevicesFree = devices.haveChanged(at: now)
            let isMetricsDue = now >= next.metrics && !running.isEmpty
            let wait = turn == 1 ? 0 : waitSeconds(now: now)
            let isReadable = driver.wait(seconds: wait, for: [queue.descriptor, engine.descriptor])
            while let signal = driver.nextSignal() {
                pending += receive(signal)
                if interruption.isDetachment { return }
            }
            let messages = isReadable[0] ? queue.take() : []
            let events = isReadable[1] ? engine.takeEvents() : []
            let due = takeDueTimers()
            if let stopReadingAt = interruption.stopReadingAt, now >= stopReadingAt {
                preparation.workspace.stopReading()
            }
            if isMetricsDue { next.metrics = now.adding(seconds: 1) }
            if now >= next.heartbeat {
                lock.beat()
                next.heartbeat = now.adding(seconds: RunLock.heartbeatSeconds)
            }
            if concurrent.isHolding, now >= next.otherRuns {
                pending += try lookAtConcurrentRuns()
                next.otherRuns = now.adding(seconds: 0.1)
            }
            let hasWork =
                !messages.isEmpty || !events.isEmpty || !due.isEmpty || !pending.isEmpty || isMetricsDue
                || areDevicesFree
            if hasWork {
                let carried = pending
                pending = []
                try store.inTransaction { () throws(Failure) in
                    var actions = carried
                    for message in messages { actions += try handle(message) }
                    for event in events { actions += try handle(event) }
                    for timer in due { actions += scheduler.handle(.due(timer.stage)) }
                    if isMetricsDue, try readLiveMetrics() { next.metrics = now }
                    try carryOut(actions, turn: turn)
                    try store.saveDigests(preparation.workspace.takeNewEntries())
                }
                carryOutCommitted(lock, now: now)
            }
            tick()
            if scheduler.isFinished, adoption.isOver { return }
        }
    }

    /// What had to wait for the commit.
    private func carryOutCommitted(_ lock: RunLock, now: Timestamp) {
        var committed = afterCommit.take()
        for id in committed.supersededVersions {
            do { try preparation.area.dropKept(id) } catch {
                // A failed cleanup is worth a warning, and does not end the run.
                committed.events.append(.warning(error.description))
            }
        }
        for path in committed.finishedFiles { unlink(path) }
        for path in committed.finishedFolders { clear(path) }
        // A claim that is not published only makes others wait longer.
        if !committed.claims.isEmpty { try? lock.publish(committed.claims) }
        for stage in devices.newlyWaiting(scheduler.heldUpByOtherRuns, at: now) {
            committed.events.append(
                .stageWaiting(stage: graph.stages[stage.index].name, forRun: nil, why: stage.reason))
        }
        for event in committed.events { notify(event) }
        if !committed.launches.isEmpty { engine.submit(committed.launches) }
    }

    /// Actions and the actions that follow from them, until only messages and events can bring more.
    private func carryOut(_ first: [SchedulerAction], turn: Int) throws(Failure) {
        var pending = first
        repeat {
            var index = 0
            while index < pending.count {
                pending += try carryOut(pending[index], turn: turn)
                index += 1
            }
            if scheduler.wantsGPUs, let taken = devices.look() { scheduler.updateGPUs(taken: taken) }
            pending = scheduler.admit()
        } while !pending.isEmpty
    }

    private func carryOut(_ action: SchedulerAction, turn: Int) throws(Failure) -> [SchedulerAction] {
        switch action {
        case .evaluate(let stage): return try evaluate(stage, turn: turn)
        case .restore(let stage): return try beginRestoring(stage)
        case .launch(let stage, let attempt, let lease):
            return try launch(stage, attempt: attempt, lease, turn: turn)
        case .wait(let stage, let nextAttempt, let seconds):
            retryTimers.append(RetryTimer(at: driver.now().adding(seconds: seconds), stage: stage))
            afterCommit.events.append(
                .stageRetrying(
                    stage: graph.stages[stage].name, nextAttempt: nextAttempt,
                    maxAttempts: scheduler.mostAttempts(of: stage), delaySeconds: seconds))
            return []
        case .block(let stage, let blocker):
            claim(.released, stage)
            let reason = Reason(.blocked, subject: graph.stages[blocker].name)
            try recordBlocked(stage, Decision(verdict: .blocked, reasons: [reason]))
            return []
        case .stopAll(let force):
            let ids =
                running.filter { $0.value.outcome == nil }.map(\.key).sorted() + adoption.withoutStage.keys.sorted()
            for id in ids where running[id]?.stopCause == nil { running[id]?.stopCause = .interruption }
            if !ids.isEmpty { engine.cancel(ids, graceSeconds: force ? 0 : options.graceSeconds) }
            return []
        }
    }

    /// The verdict on a stage by what is on disk and in the store now.
    func decide(_ index: StageIndex) throws(Failure) -> (Decision, StageFacts) {
        let stage = graph.stages[index]
        let facts = try gatherFacts(
            of: index, in: graph, decisions: state.decisions, files: DiskFacts(workspace: preparation.workspace),
            history: history, environment: preparation.recordedEnvironment(of: stage))
        let isForced = preparation.request.selection.isForced[index]
        return (try preparation.evaluate(index, facts: facts, isForced: isForced, state.decisions), facts)
    }

    private func evaluate(_ index: StageIndex, turn: Int) throws(Failure) -> [SchedulerAction] {
        // The run is stopping, and the stage's inputs can no longer be read.
        if preparation.workspace.isReadingStopped { return [] }
        if adoption.holds(index, of: graph) {
            adoption.waiting.insert(index)
            return scheduler.handle(.held(index))
        }
        let stage = graph.stages[index]
        let (decision, facts) = try decide(index)
        if isHeld(index, decision) { return scheduler.handle(.held(index)) }
        switch decision.verdict {
        case .fresh:
            claim(.pinned, index)
            state.decisions[index] = decision
            try recordFresh(index, decision)
            try readMetrics(of: [index])
            afterCommit.events.append(.stageDecided(stage: stage.name, decision: decision))
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
            state.evaluated[index] = EvaluatedStage(
                decision: decision, facts: facts, readyAt: driver.now(), turn: turn)
        case .frozen, .blocked, .notSelected: break
        }
        return scheduler.handle(.evaluated(index, decision.verdict))
    }

    private func handle(_ message: RunMessage) throws(Failure) -> [SchedulerAction] {
        switch message {
        case .provenance(let found):
            try record(found)
            return []
        case .examined(let id, let examination): return try examined(id, examination)
        case .cleared(let problem):
            cleared(problem)
            return []
        case .verified(let stage, let execution, let isIntact):
            return try finishRestoring(stage, from: execution, isIntact: isIntact)
        }
    }

    // MARK: - Time

    private func waitSeconds(now: Timestamp) -> Double {
        var wait = running.isEmpty && !concurrent.isHolding ? 1.0 : 0.1
        for timer in retryTimers { wait = min(wait, timer.at.seconds(since: now)) }
        if let look = devices.nextLook { wait = min(wait, look.seconds(since: now)) }
        return max(0, wait)
    }

    private func takeDueTimers() -> [RetryTimer] {
        guard !retryTimers.isEmpty else { return [] }
        let now = driver.now()
        let due = retryTimers.filter { $0.at <= now }
        retryTimers.removeAll { $0.at <= now }
        return due
    }

    private func receive(_ signal: Int32) -> [SchedulerAction] {
        let isForced = interruption.receive(
            signal, at: driver.now(), graceSeconds: options.graceSeconds, canDetach: engine.outlivesCoordinator)
        if interruption.isDetachment { return [] }
        afterCommit.events.append(.interrupted(signal: signal, forced: isForced))
        return scheduler.handle(.interrupted(force: isForced))
    }

    /// Whether there is more than one turn reads.
    private func readLiveMetrics() throws(Failure) -> Bool {
        let measured = running.keys.sorted().filter { running[$0]?.isMeasured == true }
        let next = measured.firstIndex { $0 > lastMeasured ?? $0 } ?? 0
        var isBehind = false
        for id in measured[next...] + measured[..<next] {
            guard metricsBytesLeft > 0 else { return true }
            guard let reported = running[id]?.tail.read(at: driver.now()), let tail = running[id]?.tail else {
                continue
            }
            metricsBytesLeft -= tail.readBytes
            isBehind = isBehind || tail.isBehind
            if tail.readBytes > 0 { lastMeasured = id }
            try recordReport(reported, of: id)
        }
        return isBehind
    }
}

extension Timestamp {
    func adding(seconds: Double) -> Timestamp {
        // Clamped to avoid overflow: a century.
        Timestamp(microseconds: microseconds + Int64(min(seconds, 3.2e9) * 1e6))
    }
}
