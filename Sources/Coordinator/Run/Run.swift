// One run: carries out the scheduler's actions and returns events to it. Planner, store, workspace and engine meet here
// and nowhere else. One thread decides, records and receives the engine's events; others hash files and send messages
// to it through a queue.

import EngineAPI
import Model
import Planner
import Workspace

/// What a run is recorded with, besides the pipeline.
public struct RunLabels: Sendable {
    /// Relative to the folder of `.runs`.
    public var pipelinePath: String
    public var commandLine: String
    /// The name of the engine.
    public var engine: String
    public var user: String
    public var checkout: GitCheckout?
    /// As far as it is known at once.
    public var machine: Machine
    public var tags: [String]
    public var notes: [String]
    public init(
        pipelinePath: String, commandLine: String, engine: String, user: String, checkout: GitCheckout?,
        machine: Machine, tags: [String], notes: [String]
    ) {
        self.pipelinePath = pipelinePath
        self.commandLine = commandLine
        self.engine = engine
        self.user = user
        self.checkout = checkout
        self.machine = machine
        self.tags = tags
        self.notes = notes
    }
}

extension RunLabels {
    /// Without secrets in what the user wrote.
    func shown(by redaction: Redaction, knowing secrets: [String] = []) -> RunLabels {
        var shown = self
        shown.commandLine = redaction.text(commandLine, knowing: secrets)
        shown.notes = notes.map { redaction.text($0, knowing: secrets) }
        return shown
    }
}

/// How a run ended.
public struct RunOutcome: Sendable {
    /// `running` where the run was detached: its executions go on, and the next `exec` takes them over.
    public let finished: RunFinished
    /// The signal that ended it, if one did.
    public let signal: Int32?
}

/// What reaches the deciding thread from the others.
enum RunMessage: Sendable {
    case examined(ExecutionID, Examination)
    case provenance(DeferredProvenance)
    case verified(StageIndex, ExecutionID, isIntact: Bool)
    /// A temporary folder is removed; the sentence says why not.
    case cleared(problem: String?)
}

/// Who this run is to others.
struct RunIdentity {
    var run = RunID(0)
    var host = ""
}

public final class Run {
    let preparation: RunPreparation
    let cachedPlan: CachedPlan?
    let lostRuns: LostRuns
    let engine: any Engine
    let driver: any RunDriver
    private let report: (RunEvent) -> Void
    let queue: EventQueue<RunMessage>
    var identity = RunIdentity()
    var scheduler: Scheduler
    var state: RunState
    var running: [ExecutionID: RunningStage] = [:]
    var repetitions: Repetitions
    var retryTimers: [RetryTimer] = []
    var files: StageFiles
    var concurrent: ConcurrentRuns
    var adoption = Adoption()
    var devices = DeviceWaits()
    var afterCommit = AfterCommit()
    var interruption = Interruption()
    /// The engine does not answer, and the user knows.
    var engineIsSilent = false
    /// How much of what stages report this turn of the loop may still read: between turns it looks at signals.
    var metricsBytesLeft = 0
    /// The running execution whose metrics were read last: in the next turn it comes after the others.
    var lastMeasured: ExecutionID?
    /// Templates with a warning about their memory.
    var templatesAboveRequest: Set<String> = []
    /// Templates whose stages were found to import modules unheard.
    var unheardTemplates = Set<String>()
    var provenance = ProvenanceState()
    /// Temporary folders that other threads are removing.
    var foldersBeingCleared = 0

    struct RetryTimer {
        let at: Timestamp
        let stage: StageIndex
    }

    /// - Parameters:
    ///   - cachedPlan: the plan cache to use and to replace; nil: none.
    ///   - lostRuns: clears up after runs whose program ends meanwhile.
    ///   - report: receives what happens, on the calling thread.
    /// - Throws: where no file descriptor is left.
    public init(
        _ preparation: RunPreparation, cachedPlan: CachedPlan?, lostRuns: LostRuns, engine: any Engine,
        driver: any RunDriver, report: @escaping (RunEvent) -> Void
    ) throws(Failure) {
        let request = preparation.request
        self.preparation = preparation
        self.cachedPlan = cachedPlan
        self.lostRuns = lostRuns
        self.engine = engine
        self.driver = driver
        self.report = report
        queue = try EventQueue()
        state = RunState(graph: request.graph, decisions: preparation.plan.decisions)
        repetitions = Repetitions(count: request.options.repeats, isForced: request.selection.isForced)
        files = StageFiles(root: request.root, area: preparation.area, inherited: request.environment)
        concurrent = ConcurrentRuns(root: request.root)
        scheduler = Self.makeScheduler(request, engine, open: state.isOpen)
    }

    var graph: Graph { preparation.request.graph }
    var options: RunRequest.Options { preparation.request.options }
    var root: String { preparation.request.root }
    var store: any RunStore { preparation.store }
    var history: History { preparation.history }

    private static func makeScheduler(_ request: RunRequest, _ engine: any Engine, open: [Bool]) -> Scheduler {
        Scheduler(
            graph: request.graph, open: open, pool: ResourcePool(engine.admission),
            options: Scheduler.Options(jobs: jobs(request, engine), keepGoing: request.options.keepGoing))
    }

    /// Most executions at a time; nil: as the resources allow.
    private static func jobs(_ request: RunRequest, _ engine: any Engine) -> Int? {
        guard case .inFlight(let most, _) = engine.admission else { return request.options.jobs }
        return min(request.options.jobs ?? most, most)
    }

    /// Runs to the end and records everything.
    ///
    /// - Parameters:
    ///   - warnings: are reported first.
    ///   - questions: are asked on a thread of its own when the first process is needed, and in the end.
    ///   - tick: is called about ten times a second while something runs.
    /// - Returns: nil, and nothing is recorded, where the stages that the cached plan leaves out may have changed.
    /// - Throws: when the store or the engine cannot be used; what ran is stopped first, or goes on where the engine
    ///   outlives this program.
    public func execute(
        labels: RunLabels, warnings: [String], provenance questions: ProvenanceQuestions,
        tick: () -> Void
    ) throws(Failure) -> RunOutcome? {
        let startedAt = driver.now()
        guard let lock = try begin(labels, at: startedAt) else { return nil }
        defer { withExtendedLifetime(lock) {} }
        for warning in warnings + adoption.sentences { notify(.warning(warning)) }
        reportBeginning()
        try recordPlannedVerdicts()
        if !scheduler.isFinished || !adoption.isOver {
            try engine.open()
            devices.shared = engine.sharedDevices
            reattach()
            do {
                try preparePythonModules()
                try ask(questions)
                try loop(lock: lock, tick: tick)
            } catch {
                engine.close(engine.outlivesCoordinator ? .detach : .cancelAll)
                throw error
            }
            if interruption.isDetachment {
                engine.close(.detach)
                return RunOutcome(finished: detached(startedAt: startedAt), signal: interruption.signal)
            }
            engine.close(.cancelAll)
        }
        try completeProvenance(questions)
        let finished = try end(startedAt: startedAt)
        return RunOutcome(finished: finished, signal: interruption.signal)
    }

    private func begin(_ labels: RunLabels, at startedAt: Timestamp) throws(Failure) -> RunLock? {
        let liveness = Liveness.ofThisProcess(root: root)
        identity.host = liveness.host
        let redaction = preparation.redaction
        let start = RunStart(
            labels.shown(by: redaction, knowing: redaction.secrets(of: graph)), pipeline: graph.pipeline,
            stagesTotal: cachedPlan?.stagesTotal ?? graph.stages.count, liveness,
            at: startedAt)
        // The lock is held before anyone can see the row: a run without its lock is a dead one.
        return try store.inTransaction { () throws(Failure) -> RunLock? in
            if let cachedPlan, try !cachedPlan.isCurrent(in: store) { return nil }
            identity.run = try store.beginRun(start, liveness: liveness)
            let lock = try RunLock.acquire(root: root, run: identity.run)
            try adoptExecutions(at: startedAt)
            try concurrent.noteEarlierRuns(in: store, than: identity.run)
            try refusePathsOfParentRun()
            concurrent.isAlone = concurrent.isAlone && adoption.isOver && preparation.isNext(identity.run)
            if !concurrent.isAlone {
                state.reopenFreshStages(of: graph)
                scheduler = Self.makeScheduler(preparation.request, engine, open: state.isOpen)
            }
            for stage in adoption.byStage.keys.sorted() { scheduler.adopt(stage) }
            try lock.publish(ownClaims())
            return lock
        }
    }

    private func reportBeginning() {
        let tally = state.plannedTally
        let cpus = if case .pool(let capacity) = engine.admission { capacity.cpus.thousandths / 1000 } else { 1 }
        let jobs = Self.jobs(preparation.request, engine) ?? max(1, cpus)
        let unchanged = cachedPlan?.unchangedFresh ?? 0
        notify(
            .runStarted(
                RunStarted(
                    runID: identity.run, pipeline: graph.pipeline,
                    stagesTotal: cachedPlan?.stagesTotal ?? graph.stages.count,
                    stagesSelected: tally.selected + unchanged, willRun: tally.run, mayRun: tally.may,
                    fresh: tally.fresh + unchanged, expectedSeconds: preparation.expectedSeconds(jobs: jobs))))
    }

    /// Records the verdicts of the plan that nothing can change any more.
    private func recordPlannedVerdicts() throws(Failure) {
        state.counts.fresh += cachedPlan?.unchangedFresh ?? 0
        state.counts.notSelected += cachedPlan?.unchangedNotSelected ?? 0
        try store.inTransaction { () throws(Failure) in
            var fresh: [StageIndex] = []
            for (index, decision) in state.decisions.enumerated() where !state.isOpen[index] {
                switch decision.verdict {
                case .fresh:
                    try recordFresh(index, decision)
                    if graph.stages[index].outputs.contains(where: \.isMetrics) { fresh.append(index) }
                case .frozen:
                    state.counts.fresh += 1
                    try recordDecision(index, decision)
                case .blocked: try recordBlocked(index, decision)
                case .notSelected: state.foundNotSelected(graph.stages[index])
                case .run, .mayRun, .restored: break
                }
            }
            try readMetrics(of: fresh)
            try store.saveDigests(preparation.workspace.takeNewEntries())
        }
        for event in afterCommit.take().events { notify(event) }
    }

    private func end(startedAt: Timestamp) throws(Failure) -> RunFinished {
        let finishedAt = driver.now()
        let status: RunStatus =
            interruption.signal != nil
            ? .interrupted
            : state.counts.failed + state.counts.blocked > 0 || !scheduler.remaining.isEmpty ? .failed : .succeeded
        try store.inTransaction { () throws(Failure) in
            try store.saveDigests(preparation.workspace.takeNewEntries())
            try recordUnexecuted()
            if status == .succeeded { try cachedPlan?.save(self) }
            try store.finishRun(
                identity.run, status: status, counts: state.counts, finishedAt: finishedAt,
                wallSeconds: finishedAt.seconds(since: startedAt))
        }
        for run in [identity.run] + adoption.firstRuns.sorted() {
            do { try preparation.area.removeScratch(of: run, root: root) } catch {
                notify(.warning(error.description))
            }
        }
        let finished = self.finished(status, at: finishedAt, startedAt: startedAt)
        notify(.runFinished(finished))
        return finished
    }

    /// The executions go on. The row of the run stays open until another run takes over.
    private func detached(startedAt: Timestamp) -> RunFinished {
        notify(
            .warning(
                "detached from run \(identity.run): \(running.count) execution\(running.count == 1 ? "" : "s") continue "
                    + "on \(engine.name). The next `runs exec` takes over."))
        return finished(.running, at: driver.now(), startedAt: startedAt)
    }

    private func finished(_ status: RunStatus, at time: Timestamp, startedAt: Timestamp) -> RunFinished {
        RunFinished(
            runID: identity.run, pipeline: graph.pipeline, status: status, counts: state.counts,
            wallSeconds: time.seconds(since: startedAt), failedStages: state.failedStages)
    }

    private func recordUnexecuted() throws(Failure) {
        let ids = try store.stageIDs(
            of: state.unexecuted.map { ($0.stage, $0.template) }, pipeline: graph.pipeline)
        let own = zip(ids, state.unexecuted).map { UnexecutedStage(stage: $0, execution: $1.execution) }
        _ = try store.recordUnexecuted(own + (cachedPlan?.unchangedVerdicts ?? []), run: identity.run)
    }

    // MARK: - Verdicts

    func recordFresh(_ index: StageIndex, _ decision: Decision) throws(Failure) {
        let stage = graph.stages[index]
        state.foundFresh(stage, decision.executionID)
        guard let id = decision.executionID, history.current(stage.name)?.id != id else { return }
        try store.setCurrent(stage: stage.name, template: stage.template, pipeline: graph.pipeline, execution: id)
    }

    func recordBlocked(_ index: StageIndex, _ decision: Decision) throws(Failure) {
        state.counts.blocked += 1
        try recordDecision(index, decision)
        afterCommit.events.append(.stageDecided(stage: graph.stages[index].name, decision: decision))
    }

    /// Once for each stage of a run.
    func recordDecision(_ index: StageIndex, _ decision: Decision) throws(Failure) {
        guard state.markRecorded(index) else { return }
        let stage = graph.stages[index]
        try store.record(
            decision: decision, stage: stage.name, template: stage.template, run: identity.run,
            pipeline: graph.pipeline)
    }

    // MARK: - Reporting

    func notify(_ kind: RunEvent.Kind) { report(RunEvent(at: driver.now(), kind: kind)) }
}
