// The run as a state machine: events in, actions out. Knows which stages wait for which, what fits at the same time,
// what is retried, what a failure blocks and when the run is over. Does not know processes, files, clocks or the store,
// so that all of it is tested with tables.

import EngineAPI
import HeapModule
import Model

/// What happened to a stage.
public enum SchedulerEvent: Sendable {
    /// The verdict on a stage whose predecessors are all done.
    case evaluated(StageIndex, Verdict)
    /// Its outputs were put back.
    case restored(StageIndex)
    /// An attempt ended.
    case ended(StageIndex, ExecutionState)
    /// An attempt succeeded, and the stage is to be executed once more.
    case repeats(StageIndex)
    /// The delay before the next attempt is over, or what held the stage has ended.
    case due(StageIndex)
    /// It cannot be started now: another run, or an earlier coordinator's execution, holds what it needs.
    case held(StageIndex)
    /// Just before its start something was found to have changed: evaluate it again.
    case outdated(StageIndex)
    /// It has to run and cannot: an input that an earlier stage should have made does not exist.
    case impossible(StageIndex)
    case interrupted(force: Bool)
}

/// What has to be done now.
public enum SchedulerAction: Hashable, Sendable {
    /// Decide the stage: everything before it is done.
    case evaluate(StageIndex)
    case restore(StageIndex)
    /// Start an attempt (1, 2, …) with these resources.
    case launch(StageIndex, attempt: Int, Lease)
    /// Send `due` for the stage after so many seconds.
    case wait(StageIndex, nextAttempt: Int, seconds: Double)
    /// It will not run, because of that stage.
    case block(StageIndex, by: StageIndex)
    /// End everything that runs; `force`: at once.
    case stopAll(force: Bool)
}

public struct Scheduler: Sendable {
    public struct Options: Sendable {
        /// Most executions at a time; nil: as the resources allow.
        public var jobs: Int?
        /// Whether a failure leaves unrelated stages going.
        public var keepGoing: Bool
        public init(jobs: Int?, keepGoing: Bool) {
            self.jobs = jobs
            self.keepGoing = keepGoing
        }
    }

    private enum State: Hashable {
        /// For its predecessors.
        case waiting
        case evaluating
        case ready
        case restoring
        case running
        /// For a retry's delay or another run.
        case delayed
        case done
        case failed
        case blocked
    }

    private let graph: Graph
    private let options: Options
    private var pool: ResourcePool
    private var states: [State]
    /// By stage: predecessors in this run that are not done.
    private var missing: [Int]
    private var attempts: [Int]
    /// Attempts that were lost: they do not count for the retry policy.
    private var losses: [StageIndex: Int] = [:]
    /// A stage whose executions are lost this often is not executed again in the run.
    private static let mostLosses = 3
    private var leases: [StageIndex: Lease] = [:]
    /// What executions of an earlier coordinator take of the resources.
    private var adopted: [StageIndex: Lease] = [:]
    /// Ready stages by what they ask for: of equals only the first need be tried.
    private var ready: [ResourceRequest: Heap<StageIndex>] = [:]
    private var unfinished = 0
    private var isStopping = false

    /// - Parameter open: by stage, whether this run has still to deal with it; all others count as done.
    public init(graph: Graph, open: [Bool], pool: ResourcePool, options: Options) {
        self.graph = graph
        self.options = options
        self.pool = pool
        states = open.map { $0 ? .waiting : .done }
        attempts = Array(repeating: 0, count: open.count)
        missing = graph.predecessors.map { $0.count { open[$0] } }
        unfinished = open.count { $0 }
    }

    /// Nothing runs, and nothing else will.
    public var isFinished: Bool {
        if unfinished == 0 { return true }
        return isStopping && leases.isEmpty && !states.contains(.restoring)
    }

    /// Stages that this run has not dealt with: it stopped before.
    public var remaining: [StageIndex] {
        states.indices.filter { [.waiting, .evaluating, .ready, .delayed].contains(states[$0]) }
    }

    /// The most attempts that the stage can have in this run, as things are.
    public func mostAttempts(of stage: StageIndex) -> Int {
        graph.stages[stage].retries.max + 1 + losses[stage, default: 0]
    }

    /// Counts an execution of the stage that an earlier coordinator submitted, as far as there is room.
    public mutating func adopt(_ stage: StageIndex) { adopted[stage] = pool.lease(graph.stages[stage].resources) }

    /// That execution has ended.
    public mutating func release(_ stage: StageIndex) {
        if let lease = adopted.removeValue(forKey: stage) { pool.release(lease) }
    }

    private var hasFreeJob: Bool { options.jobs.map { leases.count + adopted.count < $0 } ?? true }

    /// The first actions: stages with nothing before them.
    public mutating func start() -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        for stage in graph.order where states[stage] == .waiting && missing[stage] == 0 {
            states[stage] = .evaluating
            actions.append(.evaluate(stage))
        }
        return actions
    }

    public mutating func handle(_ event: SchedulerEvent) -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        switch event {
        case .evaluated(let stage, let verdict): evaluated(stage, verdict, &actions)
        case .restored(let stage): finish(stage, &actions)
        case .ended(let stage, let state): ended(stage, state, &actions)
        case .repeats(let stage):
            _ = giveBack(stage)
            attempts[stage] = 0
            losses[stage] = nil
            states[stage] = .evaluating
            actions.append(.evaluate(stage))
        case .due(let stage):
            guard states[stage] == .delayed, !isStopping else { break }
            states[stage] = .evaluating
            actions.append(.evaluate(stage))
        case .held(let stage):
            if giveBack(stage) { attempts[stage] -= 1 }
            states[stage] = .delayed
        case .outdated(let stage):
            // A stage whose outputs could not be put back had no attempt yet.
            if giveBack(stage) { attempts[stage] -= 1 }
            states[stage] = .evaluating
            actions.append(.evaluate(stage))
        case .impossible(let stage): fail(stage, &actions)
        case .interrupted(let force):
            isStopping = true
            actions.append(.stopAll(force: force))
        }
        return actions
    }

    /// Whether a stage that could start now asks for GPUs, which other runs may hold.
    public var wantsGPUs: Bool { !isStopping && ready.keys.contains { ($0.gpus ?? .zero) > .zero } }

    /// Notes what is taken of each GPU on this machine, by this run and by others.
    public mutating func updateGPUs(taken: [Quantity]) { pool.updateGPUs(taken: taken) }

    /// Stages that would start now if other runs held no GPUs (of equals the first), and the GPUs they hold.
    public var heldUpByOtherRuns: (stages: [StageIndex], gpus: [String]) {
        guard wantsGPUs, hasFreeJob else { return ([], []) }
        let stages = ready.filter { pool.isHeldUpByOtherRuns($0.key) }.compactMap(\.value.min)
        return (stages.sorted(), pool.namesOfGPUsHeldElsewhere)
    }

    /// What can be started now, in the order of the file among what fits.
    public mutating func admit() -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        guard !isStopping else { return actions }
        var full = Set<ResourceRequest>()
        while hasFreeJob {
            let heads = ready.filter { !full.contains($0.key) }.compactMap { request, heap in
                heap.min.map { ($0, request) }
            }
            guard let (stage, request) = heads.min(by: { $0.0 < $1.0 }) else { break }
            guard let lease = pool.lease(request) else {
                full.insert(request)
                continue
            }
            _ = ready[request]?.popMin()
            if ready[request]?.isEmpty ?? false { ready[request] = nil }
            states[stage] = .running
            leases[stage] = lease
            attempts[stage] += 1
            actions.append(.launch(stage, attempt: attempts[stage], lease))
        }
        return actions
    }

    private mutating func evaluated(_ stage: StageIndex, _ verdict: Verdict, _ actions: inout [SchedulerAction]) {
        guard states[stage] == .evaluating else { return }
        switch verdict {
        case .fresh, .frozen: finish(stage, &actions)
        case .restored:
            states[stage] = .restoring
            actions.append(.restore(stage))
        case .run, .mayRun:
            states[stage] = .ready
            ready[request(of: stage), default: Heap()].insert(stage)
        case .blocked, .notSelected: fail(stage, &actions)
        }
    }

    /// What the next attempt requests: memory grows with each attempt if the retry policy says so.
    private func request(of stage: StageIndex) -> ResourceRequest {
        var request = graph.stages[stage].resources
        let factor = graph.stages[stage].retries.memoryFactor
        if let bytes = request.memoryBytes, factor > 1 {
            var grown = Double(bytes)
            for _ in 0..<(attempts[stage] - losses[stage, default: 0]) { grown *= factor }
            request.memoryBytes = max(bytes, min(pool.capacity.memoryBytes, grown < 9e18 ? Int64(grown) : .max))
        }
        return request
    }

    private mutating func ended(_ stage: StageIndex, _ state: ExecutionState, _ actions: inout [SchedulerAction]) {
        _ = giveBack(stage)
        if state == .succeeded { return finish(stage, &actions) }
        if state == .lost, !isStopping, losses[stage, default: 0] < Self.mostLosses {
            losses[stage, default: 0] += 1
            states[stage] = .evaluating
            actions.append(.evaluate(stage))
            return
        }
        let policy = graph.stages[stage].retries
        let usedAttempts = attempts[stage] - losses[stage, default: 0]
        if !isStopping, state.usesUpAttempt, policy.on.contains(state), usedAttempts <= policy.max {
            states[stage] = .delayed
            let doublings = Double(1 << min(usedAttempts - 1, 30))
            actions.append(.wait(stage, nextAttempt: attempts[stage] + 1, seconds: policy.delaySeconds * doublings))
            return
        }
        fail(stage, &actions)
    }

    /// Whether the stage had a lease, that is, an attempt.
    private mutating func giveBack(_ stage: StageIndex) -> Bool {
        guard let lease = leases.removeValue(forKey: stage) else { return false }
        pool.release(lease)
        return true
    }

    private mutating func finish(_ stage: StageIndex, _ actions: inout [SchedulerAction]) {
        states[stage] = .done
        unfinished -= 1
        for successor in graph.successors[stage] {
            missing[successor] -= 1
            guard states[successor] == .waiting, missing[successor] == 0 else { continue }
            states[successor] = .evaluating
            // While stopping it is only found out whether it is fresh; `admit` starts nothing.
            actions.append(.evaluate(successor))
        }
    }

    private mutating func fail(_ stage: StageIndex, _ actions: inout [SchedulerAction]) {
        states[stage] = .failed
        unfinished -= 1
        if !options.keepGoing { isStopping = true }
        var pending = [stage]
        while let blocker = pending.popLast() {
            for successor in graph.successors[blocker] where states[successor] == .waiting {
                states[successor] = .blocked
                unfinished -= 1
                actions.append(.block(successor, by: stage))
                pending.append(successor)
            }
        }
    }
}
