// How a run keeps out of the way of those that began before it and still live: what they will change is waited for, what
// they rely on is left as it is until they end. Waiting always goes from a later run to an earlier one, so that no two
// ever wait for each other.

import Glibc
import Model

/// A run that had not ended when it was looked at, and its claims.
struct EarlierRun {
    enum News {
        case nothing
        /// Paths that it will not change any more.
        case told([String: PathClaim])
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
        let told = claims.take(file.readOn())
        return told.isEmpty ? .nothing : .told(told)
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

/// The runs of a store that live, whenever they began.
func livingRuns(in store: any RunStore, root: String) throws(Failure) -> [EarlierRun] {
    try store.runningRuns().filter { condition(of: $0, root: root) == .lives }.map { EarlierRun($0, root: root) }
}

/// A stage that keeps out of an earlier run's way.
struct HeldStage {
    let stage: StageIndex
    let run: RunID
    /// As that run claims it.
    let path: String
}

extension Run {
    /// Takes note of the runs that live and began before this one. To be called in the transaction that writes this
    /// run's row: whoever comes later sees this run's claims.
    func meetEarlierRuns() throws(Failure) {
        earlierRuns = try store.runningRuns().filter { $0.id < runID }.map { EarlierRun($0, root: root) }
    }

    /// What this run will change, and what it relies on without looking at it again.
    func ownClaims() -> [UInt8] {
        var bytes: [UInt8] = []
        var relied = Set<String>()
        for index in graph.order where isOpen[index] {
            for path in claimedPaths(of: index) { PathClaims.encode(.changing, path, onto: &bytes) }
            for before in graph.predecessors[index] where !isOpen[before] { relied.formUnion(claimedPaths(of: before)) }
            for (position, input) in graph.stages[index].inputs.enumerated()
            where !input.isGlob && graph.producers[index][position].isEmpty { relied.insert(input.path) }
        }
        for path in relied { PathClaims.encode(.settled, path, onto: &bytes) }
        return bytes
    }

    /// A stage without outputs is claimed by its name, which is written as no path can be.
    private func claimedPaths(of index: StageIndex) -> [String] {
        let stage = graph.stages[index]
        return stage.outputs.isEmpty ? ["//\(graph.pipeline)/\(stage.name)"] : stage.outputs.map(\.path)
    }

    /// To be told once what made it so is committed.
    func claim(_ claim: PathClaim, _ index: StageIndex) {
        for path in claimedPaths(of: index) { PathClaims.encode(claim, path, onto: &pendingClaims) }
    }

    /// Whether a stage has to wait before that verdict may be acted upon; says so once for each run that is waited for.
    ///
    /// - Throws: where it would be waited for in vain, for that run waits for this one.
    func isHeld(_ index: StageIndex, _ decision: Decision) throws(Failure) -> Bool {
        let isFresh = decision.verdict == .fresh
        let inputs = isFresh ? [] : graph.stages[index].inputs
        for earlier in earlierRuns {
            // What is in place already, or is only read, must not be about to change; what will be made must be free.
            let overlaps =
                claimedPaths(of: index).lazy.compactMap { earlier.overlapping($0) { !isFresh || $0 == .changing } }
                .first
                ?? inputs.lazy.compactMap { earlier.mayChange($0) }.first
            guard let path = overlaps else { continue }
            if isPartOf(earlier.run.id) {
                throw Failure(
                    .usage,
                    "this `runs exec` was started by a stage of run \(earlier.run.id), deals with '\(path)' as that run does, "
                        + "and would wait for it for ever. Make it a stage of the same pipeline instead.")
            }
            held.append(HeldStage(stage: index, run: earlier.run.id, path: path))
            if notifiedWaits.insert(earlier.run.id).inserted {
                let what = graph.stages[index].outputs.isEmpty ? "the same stage" : "'\(path)'"
                events.append(
                    .stageWaiting(
                        stage: graph.stages[index].name, forRun: earlier.run.id,
                        why: "it began earlier and deals with \(what)"))
            }
            return true
        }
        return false
    }

    /// Whether this program was started by a stage of that run.
    private func isPartOf(_ run: RunID) -> Bool {
        let environment = preparation.request.environment
        return environment["RUNS_RUN_ID"] == run.description
            && environment["RUNS_PARAMS"]?.hasPrefix("\(root)/\(RunFiles.scratchFolder(of: run))/") ?? false
    }

    /// Lets those stages go on whose earlier run has ended, or has done what they wait for.
    func lookAtEarlierRuns() throws(Failure) -> [SchedulerAction] {
        var due: [HeldStage] = []
        var mustRefresh = false
        for position in earlierRuns.indices.reversed() {
            let id = earlierRuns[position].run.id
            let isMeant: (HeldStage) -> Bool
            switch earlierRuns[position].look() {
            case .nothing: continue
            case .told(let news):
                isMeant = { $0.run == id && news[$0.path] != nil }
                // What was settled is fresh or else still waited for; but that is told by the newest execution alone
                // where there are no outputs.
                mustRefresh = mustRefresh || news.contains { $0.value == .released || $0.key.hasPrefix("//") }
            case .gone:
                let run = earlierRuns.remove(at: position).run
                if try store.runningRuns().contains(where: { $0.id == id }) {
                    try markLost(run, mayHaveProcesses: true, in: store, root: root, now: clock())
                }
                isMeant = { $0.run == id }
                mustRefresh = true
            }
            due += held.filter(isMeant)
            held.removeAll(where: isMeant)
        }
        if mustRefresh, !due.isEmpty { try history.refresh() }
        var actions: [SchedulerAction] = []
        for entry in due.sorted(by: { $0.stage < $1.stage }) { actions += scheduler.handle(.due(entry.stage)) }
        return actions
    }
}
