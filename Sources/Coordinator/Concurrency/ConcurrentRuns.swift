// How a run keeps out of the way of those that began before it and are still alive: what they will change is waited
// for, what they rely on is left as it is until they end. Waiting always goes from a later run to an earlier one, so
// that no two ever wait for each other.

import Model

/// A run that had not ended when it was looked at, and its claims.
struct EarlierRun {
    enum News {
        case nothing
        /// Paths that it will not change any more.
        case released([String: PathClaim])
        case gone
    }

    let run: RunningRun
    private let file: LiveFile?
    private var claims = PathClaims()

    init(_ run: RunningRun, root: String) {
        self.run = run
        file = try? LiveFile(root: root, run: run.id)
        _ = claims.take(file?.readOn() ?? [])
    }

    mutating func look() -> News {
        guard let file, file.isLocked else { return .gone }
        let released = claims.take(file.readOn())
        return released.isEmpty ? .nothing : .released(released)
    }

    func overlapping(_ path: String, where isMeant: (PathClaim) -> Bool) -> String? {
        claims.overlapping(path, where: isMeant)
    }

    /// Whether it may yet change what an input names or matches.
    func mayChange(_ input: Input) -> String? {
        guard input.isGlob else { return claims.overlapping(input.path) { $0 == .changing } }
        let pattern = GlobPattern(input.path)
        // A folder that is made may hold whatever is looked for in it.
        return claims.changing { pattern.matches($0) || pattern.mayMatch(inside: $0) }
    }
}

/// The runs of a store that are alive, whenever they began.
func livingRuns(in store: any ConcurrencyStore, root: String) throws(Failure) -> [EarlierRun] {
    try store.runningRuns().filter { condition(of: $0, root: root) == .alive }.map { EarlierRun($0, root: root) }
}

/// A stage that keeps out of an earlier run's way.
struct HeldStage {
    let stage: StageIndex
    let run: RunID
    /// As that run claims it.
    let path: String
}

/// The runs that began before this one and may still be alive, and what waits for them.
struct ConcurrentRuns {
    private let root: String
    private var earlier: [EarlierRun] = []
    private var held: [HeldStage] = []
    /// Runs that were waited for so far, so that each wait is reported once.
    private var notified = Set<RunID>()
    /// No other run was under way when this one began, or began between its look at the disk and its own beginning.
    var isAlone = false

    init(root: String) { self.root = root }

    var isEmpty: Bool { earlier.isEmpty }
    var isHolding: Bool { !held.isEmpty }

    /// Notes the runs that are alive. To be called in the transaction that writes this run's row: whoever comes later
    /// sees this run's claims.
    mutating func noteEarlierRuns(in store: any ConcurrencyStore, than run: RunID) throws(Failure) {
        let others = try store.runningRuns().filter { $0.id < run }
        let folder = Liveness.ofThisProcess(root: root).folderID
        // Those of other projects have no files in common with this one.
        earlier = others.filter { $0.liveness.folderID == folder }.map { EarlierRun($0, root: root) }
        isAlone = others.isEmpty
    }

    /// An earlier run, and its claim on a path, that a stage has to wait for.
    ///
    /// - Parameters:
    ///   - claimed: what the stage makes.
    ///   - inputs: what it reads; none where it is fresh.
    ///   - run: the run to look at; nil: all.
    func obstacle(
        claimed: [String], inputs: [Input], isFresh: Bool, of run: RunID? = nil
    ) -> (run: RunID, path: String)? {
        for earlier in earlier where run == nil || earlier.run.id == run {
            // What is in place already, or is only read, must not be about to change; what will be made must be free.
            let overlap =
                claimed.lazy.compactMap { earlier.overlapping($0) { !isFresh || $0 == .changing } }.first
                ?? inputs.lazy.compactMap { earlier.mayChange($0) }.first
            if let overlap { return (earlier.run.id, overlap) }
        }
        return nil
    }

    /// - Returns: whether that run is waited for for the first time.
    mutating func hold(_ stage: HeldStage) -> Bool {
        held.append(stage)
        return notified.insert(stage.run).inserted
    }

    /// What has changed about the earlier runs since the last look.
    ///
    /// - Returns: the stages that can be evaluated again, in order; whether the history must be read again; and the
    ///   runs that are gone.
    mutating func look() -> (due: [StageIndex], mustRefresh: Bool, gone: [RunningRun]) {
        var (due, gone) = ([HeldStage](), [RunningRun]())
        var mustRefresh = false
        for position in earlier.indices.reversed() {
            let id = earlier[position].run.id
            let isMeant: (HeldStage) -> Bool
            switch earlier[position].look() {
            case .nothing: continue
            case .released(let news):
                isMeant = { $0.run == id && news[$0.path] != nil }
                // What was pinned is fresh or else still waited for; but that is shown by the newest execution alone
                // where there are no outputs.
                mustRefresh = mustRefresh || news.contains { $0.value == .released || $0.key.hasPrefix("//") }
            case .gone:
                gone.append(earlier.remove(at: position).run)
                isMeant = { $0.run == id }
                mustRefresh = true
            }
            due += held.filter(isMeant)
            held.removeAll(where: isMeant)
        }
        return (due.map(\.stage).sorted(), mustRefresh && !due.isEmpty, gone)
    }
}

extension Run {
    /// What this run will change, and what it relies on without looking at it again.
    func ownClaims() -> [UInt8] {
        var bytes: [UInt8] = []
        var relied = Set<String>()
        for index in graph.order where state.isOpen[index] || adoption.isExecuting(index) {
            for path in claimedPaths(of: index) { PathClaims.encode(.changing, path, onto: &bytes) }
            for before in graph.predecessors[index] where !state.isOpen[before] {
                relied.formUnion(claimedPaths(of: before))
            }
            for (position, input) in graph.stages[index].inputs.enumerated()
            where !input.isGlob && graph.producers[index][position].isEmpty { relied.insert(input.path) }
        }
        for path in relied { PathClaims.encode(.pinned, path, onto: &bytes) }
        return bytes
    }

    /// A stage without outputs is claimed by its name, which is written as no path can be.
    private func claimedPaths(of index: StageIndex) -> [String] {
        let stage = graph.stages[index]
        return stage.outputs.isEmpty ? ["//\(graph.pipeline)/\(stage.name)"] : stage.outputs.map(\.path)
    }

    /// To be published once what made it so is committed.
    func claim(_ claim: PathClaim, _ index: StageIndex) {
        for path in claimedPaths(of: index) { afterCommit.claim(claim, path) }
    }

    /// Whether a stage has to wait before that verdict may be acted upon; reports it once for each run that is waited
    /// for.
    func isHeld(_ index: StageIndex, _ decision: Decision) -> Bool {
        if concurrent.isEmpty { return false }
        let isFresh = decision.verdict == .fresh
        let inputs = isFresh ? [] : graph.stages[index].inputs
        guard
            let obstacle = concurrent.obstacle(
                claimed: claimedPaths(of: index), inputs: inputs, isFresh: isFresh)
        else { return false }
        if concurrent.hold(HeldStage(stage: index, run: obstacle.run, path: obstacle.path)) {
            let what = graph.stages[index].outputs.isEmpty ? "executes the same stage" : "uses '\(obstacle.path)'"
            afterCommit.events.append(
                .stageWaiting(
                    stage: graph.stages[index].name, forRun: obstacle.run, why: "it began earlier and \(what)"))
        }
        return true
    }

    /// - Throws: where this program was started by a stage of a run that uses one of the same paths, which would wait
    ///   for this one. Whether it is refused does not depend on what happens to be fresh.
    func refusePathsOfParentRun() throws(Failure) {
        guard let parent = parentRun else { return }
        for index in graph.stages.indices where preparation.request.selection.isSelected[index] {
            let obstacle = concurrent.obstacle(
                claimed: claimedPaths(of: index), inputs: graph.stages[index].inputs, isFresh: false, of: parent)
            guard let obstacle else { continue }
            throw Failure(
                .usage,
                "deadlock: this `runs exec` was started by a stage of run \(parent), and both runs use "
                    + "'\(obstacle.path)'. Make it a stage of the same pipeline, or give it a store of its own with "
                    + "--store.")
        }
    }

    /// The run that a stage belongs to which started this program.
    private var parentRun: RunID? {
        let environment = preparation.request.environment
        guard let run = environment["RUNS_RUN_ID"].flatMap({ Int64($0) }).map({ RunID($0) }),
            environment["RUNS_PARAMS"]?.hasPrefix("\(root)/\(RunFiles.scratchFolder(of: run))/") ?? false
        else { return nil }
        return run
    }

    /// Lets those stages go on whose earlier run has ended, or has done what they wait for.
    func lookAtConcurrentRuns() throws(Failure) -> [SchedulerAction] {
        let (due, mustRefresh, gone) = concurrent.look()
        for run in gone where try store.runningRuns().contains(where: { $0.id == run.id }) {
            if try adoptExecutions(of: run, at: driver.now()) {
                reattach()
            } else {
                try lostRuns.markLost(run, mayHaveProcesses: true, now: driver.now())
            }
        }
        if mustRefresh { try history.refresh() }
        return due.flatMap { scheduler.handle(.due($0)) }
    }
}
