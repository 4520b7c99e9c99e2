// One run: carries out what the scheduler says, and tells it what came of it. Joins planner, store, workspace and engine;
// the only place where they meet. One thread decides, records and hears of processes; others hash files, and speak to
// it through a queue.

import EngineAPI
import Glibc
import LocalEngine
import Model
import Planner
import Programs
import Workspace

/// What a run is recorded with, beside the pipeline.
public struct RunLabels: Sendable {
    /// Relative to the folder of `.runs`.
    public var pipelinePath: String
    public var commandLine: String
    public var user: String
    public var checkout: GitCheckout?
    /// As far as it is known at once.
    public var machine: Machine
    public var tags: [String]
    public var notes: [String]
    public init(
        pipelinePath: String, commandLine: String, user: String, checkout: GitCheckout?, machine: Machine,
        tags: [String],
        notes: [String]
    ) {
        self.pipelinePath = pipelinePath
        self.commandLine = commandLine
        self.user = user
        self.checkout = checkout
        self.machine = machine
        self.tags = tags
        self.notes = notes
    }
}

/// How a run ended, and by which signal if one ended it.
public struct RunOutcome: Sendable {
    public let finished: RunFinished
    public let signal: Int32?
}

/// What reaches the deciding thread from the others.
enum RunMessage: Sendable {
    case engine(EngineEvent)
    case examined(ExecutionID, Examination)
    case provenance(DeferredProvenance)
    case verified(StageIndex, ExecutionID, isIntact: Bool)
}

public final class Run {
    let preparation: RunPreparation
    let graph: Graph
    let options: RunRequest.Options
    let store: any RunStore
    let history: History
    let root: String
    let clock: () -> Timestamp
    let report: (RunEvent) -> Void
    let queue: EventQueue<RunMessage>
    let gpuLocks: GPULocks
    /// The caller's environment, written once as every process gets it.
    let inheritedVariables: [(name: String, text: String)]
    var scheduler: Scheduler
    /// The verdicts by which stages are judged: a stage that ran counts as fresh from then on.
    var settled: [Decision]
    /// By stage: this run has still to deal with it.
    private(set) var isOpen: [Bool]
    /// What `evaluate` decided for stages on their way to a process.
    var pendingDecisions: [StageIndex: EvaluatedStage] = [:]
    var running: [ExecutionID: RunningStage] = [:]
    /// Repetitions that succeeded, by stage, and the executions that were all of them.
    var repetitionsDone: [StageIndex: Int] = [:]
    var repeatedExecutions = Set<ExecutionID>()
    var timers: [Timer] = []
    /// Params files of this run, by what they hold.
    var paramsFiles: [String: String] = [:]
    var unexecuted: [(stage: String, template: String, execution: ExecutionID?)] = []
    var decisionsRecorded = Set<StageIndex>()
    /// The texts of the stages from here on were not handed to the store.
    var numberedBefore: StageIndex = 0
    /// Runs that began before this one and may still live.
    var earlierRuns: [EarlierRun] = []
    /// Stages that wait for one of them.
    var held: [HeldStage] = []
    /// Runs that were waited for so far, so that each wait is told once.
    var notifiedWaits = Set<RunID>()
    /// Claims that are told once what made them so is committed.
    var pendingClaims: [UInt8] = []
    /// When to look again at GPUs that other runs hold, and what was taken of each at the last look.
    var nextGPULook: Timestamp?
    var gpusTaken: [Quantity] = []
    /// Stages of which it was told that they wait for GPUs.
    var notifiedDeviceWaits = Set<StageIndex>()
    var notifiedMissingLocks = false
    /// No other run was under way when this one began, or began between its look at the disk and its own beginning.
    private(set) var isAlone = false
    var counts = RunCounts()
    var failedStages: [String] = []
    /// Launches whose rows are written but not committed yet.
    var launches: [Launch] = []
    /// Kept versions that go once what takes their place is committed.
    var superseded: [ExecutionID] = []
    /// Events are told once what they tell is committed.
    var events: [RunEvent.Kind] = []
    var runID = RunID(0)
    var host = ""
    /// The answer to `ask` has not come yet.
    var awaitsProvenance = false
    var interruption: Int32?
    /// When outputs that are still being digested are given up.
    var stopReadingAt: Timestamp?

    struct Timer {
        let at: Timestamp
        let stage: StageIndex
    }

    /// - Parameters:
    ///   - clock: the time, for what is recorded and for deadlines.
    ///   - report: is told what happens, on the calling thread.
    /// - Throws: where no file descriptor is left.
    public init(
        _ preparation: RunPreparation, clock: @escaping () -> Timestamp, report: @escaping (RunEvent) -> Void
    ) throws(Failure) {
        self.preparation = preparation
        self.clock = clock
        self.report = report
        graph = preparation.request.graph
        options = preparation.request.options
        store = preparation.store
        history = preparation.history
        root = preparation.request.root
        queue = try EventQueue()
        gpuLocks = GPULocks(preparation.request.capacity.gpus)
        inheritedVariables = preparation.request.environment.map { ($0.key, "\($0.key)=\($0.value)") }
        settled = preparation.plan.decisions
        isOpen = Self.openStages(of: graph, settled)
        scheduler = Self.makeScheduler(preparation, open: isOpen)
    }

    private static func makeScheduler(_ preparation: RunPreparation, open: [Bool]) -> Scheduler {
        let options = preparation.request.options
        return Scheduler(
            graph: preparation.request.graph, open: open, pool: ResourcePool(preparation.request.capacity),
            options: Scheduler.Options(jobs: options.jobs, keepGoing: options.keepGoing))
    }

    /// Stages that will or may run, and fresh ones that `needs` such a stage: they wait for it, and it may block them.
    private static func openStages(of graph: Graph, _ decisions: [Decision]) -> [Bool] {
        var isOpen = [Bool](repeating: false, count: decisions.count)
        for index in graph.order {
            switch decisions[index].verdict {
            case .run, .mayRun, .restored: isOpen[index] = true
            case .fresh: isOpen[index] = graph.predecessors[index].contains { isOpen[$0] }
            case .frozen, .blocked, .notSelected: break
            }
        }
        return isOpen
    }

    /// Another run may have changed what the plan found fresh, or may be about to: whatever a stage relies on that this
    /// run has to deal with is judged again.
    private func reopenFreshStages() {
        for index in graph.order.reversed() where isOpen[index] {
            for before in graph.predecessors[index] where settled[before].verdict == .fresh { isOpen[before] = true }
        }
        scheduler = Self.makeScheduler(preparation, open: isOpen)
    }

    /// Runs to the end and records everything.
    ///
    /// - Parameters:
    ///   - warnings: are told first.
    ///   - makeEngine: is called when the first process is needed, with descriptors that are to stay open until the
    ///     last one has ended.
    ///   - surroundings: is called, on a thread of its own, when the first process is needed.
    ///   - tick: is called about ten times a second while something runs.
    /// - Returns: nil, and nothing is recorded, where the stages that the graph leaves out may have changed meanwhile.
    /// - Throws: when the store cannot be used; what ran is stopped first.
    public func execute(
        labels: RunLabels, warnings: [String],
        makeEngine: (_ holding: [Int32]) throws(Failure) -> any Engine,
        provenance: @escaping @Sendable () -> DeferredProvenance,
        tick: () -> Void
    ) throws(Failure) -> RunOutcome? {
        let signals = try SignalSource()
        let startedAt = clock()
        guard let lock = try begin(labels, at: startedAt) else { return nil }
        defer { withExtendedLifetime(lock) {} }
        for warning in warnings { tell(.warning(warning)) }
        reportBeginning()
        try settlePlannedVerdicts()
        var engine: (any Engine)?
        if !scheduler.isFinished {
            let started = try makeEngine(gpuLocks.descriptors)
            engine = started
            try preparePythonModule()
            ask(provenance)
            do {
                try loop(engine: started, lock: lock, signals: signals, tick: tick)
            } catch {
                started.shutDown()
                throw error
            }
        }
        engine?.shutDown()
        try awaitProvenance()
        let finished = try end(startedAt: startedAt)
        return RunOutcome(finished: finished, signal: interruption)
    }

    private func begin(_ labels: RunLabels, at startedAt: Timestamp) throws(Failure) -> RunLock? {
        let liveness = Liveness.ofThisProcess(root: root)
        host = liveness.host
        let omitted = preparation.request.omitted
        let start = RunStart(
            labels, pipeline: graph.pipeline,
            stagesTotal: omitted?.cachedPlan.index.stagesTotal ?? graph.stages.count,
            liveness, at: startedAt)
        // The lock is held before anyone can see the row: a run without its lock is a dead one.
        return try store.inTransaction { () throws(Failure) -> RunLock? in
            if let omitted, try !omitted.cachedPlan.isUpToDate(in: store) { return nil }
            runID = try store.beginRun(start, liveness: liveness)
            let lock = try RunLock.acquire(root: root, run: runID)
            try meetEarlierRuns()
            isAlone = earlierRuns.isEmpty && preparation.isNext(runID)
            if !isAlone { reopenFreshStages() }
            try lock.tell(ownClaims())
            return lock
        }
    }

    private func reportBeginning() {
        var tally = (run: 0, may: 0, fresh: 0, selected: 0)
        for (index, decision) in settled.enumerated() {
            switch decision.verdict {
            case .run: tally.run += 1
            case .mayRun: tally.may += 1
            case .fresh where !isOpen[index], .frozen: tally.fresh += 1
            case .fresh, .restored, .blocked, .notSelected: break
            }
            if decision.verdict != .notSelected { tally.selected += 1 }
        }
        let omitted = preparation.request.omitted
        let jobs = options.jobs ?? max(1, preparation.request.capacity.cpus.thousandths / 1000)
        tell(
            .runStarted(
                RunStarted(
                    runID: runID, pipeline: graph.pipeline,
                    stagesTotal: omitted?.cachedPlan.index.stagesTotal ?? graph.stages.count,
                    stagesSelected: tally.selected + (omitted?.fresh ?? 0), willRun: tally.run, mayRun: tally.may,
                    fresh: tally.fresh + (omitted?.fresh ?? 0),
                    expectedSeconds: preparation.expectedSeconds(jobs: jobs))))
    }

    /// Takes the verdicts of the plan that nothing can change any more.
    private func settlePlannedVerdicts() throws(Failure) {
        counts.fresh += preparation.request.omitted?.fresh ?? 0
        counts.notSelected += preparation.request.omitted?.notSelected ?? 0
        try store.inTransaction { () throws(Failure) in
            for (index, decision) in settled.enumerated() where !isOpen[index] {
                switch decision.verdict {
                case .fresh: try recordFresh(index, decision)
                case .frozen:
                    counts.fresh += 1
                    try recordDecision(index, decision)
                case .blocked: try recordBlocked(index, decision)
                case .notSelected:
                    counts.notSelected += 1
                    unexecuted.append((graph.stages[index].name, graph.stages[index].template, nil))
                case .run, .mayRun, .restored: break
                }
            }
            try store.saveDigests(preparation.workspace.takeNewEntries())
        }
        flushEvents()
    }

    private func end(startedAt: Timestamp) throws(Failure) -> RunFinished {
        let finishedAt = clock()
        let status: RunStatus =
            interruption != nil ? .interrupted : counts.failed + counts.blocked > 0 ? .failed : .succeeded
        try store.inTransaction { () throws(Failure) in
            try store.saveDigests(preparation.workspace.takeNewEntries())
            try recordUnexecuted()
            if status == .succeeded { try savePlanCache() }
            try store.finishRun(
                runID, status: status, counts: counts, finishedAt: finishedAt,
                wallSeconds: finishedAt.seconds(since: startedAt))
        }
        do { try preparation.area.remove(RunFiles.scratchFolder(of: runID)) } catch {
            tell(.warning(error.description))
        }
        let finished = RunFinished(
            runID: runID, pipeline: graph.pipeline, status: status, counts: counts,
            wallSeconds: finishedAt.seconds(since: startedAt), failedStages: failedStages)
        tell(.runFinished(finished))
        return finished
    }

    private func recordUnexecuted() throws(Failure) {
        let numbers = try store.stageIDs(of: unexecuted.map { ($0.stage, $0.template) }, pipeline: graph.pipeline)
        let own = zip(numbers, unexecuted).map { UnexecutedStage(stage: $0, execution: $1.execution) }
        _ = try store.recordUnexecuted(own + (preparation.request.omitted?.verdicts ?? []), run: runID)
    }

    // MARK: - Verdicts

    func recordFresh(_ index: StageIndex, _ decision: Decision) throws(Failure) {
        counts.fresh += 1
        let stage = graph.stages[index]
        unexecuted.append((stage.name, stage.template, decision.executionID))
        guard let id = decision.executionID, history.current(stage.name)?.id != id else { return }
        try store.setCurrent(stage: stage.name, template: stage.template, pipeline: graph.pipeline, execution: id)
    }

    func recordBlocked(_ index: StageIndex, _ decision: Decision) throws(Failure) {
        counts.blocked += 1
        try recordDecision(index, decision)
        events.append(.stageDecided(stage: graph.stages[index].name, decision: decision))
    }

    /// Once for each stage of a run: a further attempt has the reasons of the first.
    func recordDecision(_ index: StageIndex, _ decision: Decision) throws(Failure) {
        guard decisionsRecorded.insert(index).inserted else { return }
        let stage = graph.stages[index]
        try store.record(
            decision: decision, stage: stage.name, template: stage.template, run: runID, pipeline: graph.pipeline)
    }

    /// Which repetition of the stage is executed now; nil where it is executed once.
    func repetition(of index: StageIndex) -> Repetition? {
        guard let repeats = options.repeats, preparation.request.selection.isForced[index] else { return nil }
        return Repetition(number: (repetitionsDone[index] ?? 0) + 1, of: repeats)
    }

    // MARK: - Telling

    func tell(_ kind: RunEvent.Kind) { report(RunEvent(at: clock(), kind: kind)) }

    func flushEvents() {
        for event in events { tell(event) }
        events.removeAll(keepingCapacity: true)
    }
}
