// Runs whose end was not recorded, as questions report them. Knows where a run's lock is; `Coordinator` knows whether it
// is free. Writes nothing.

import Coordinator
import Model
import Store

extension Project {
    /// Tells the store which of its runs are not running any more, although their rows say so.
    func findGoneRuns(in store: Store) throws(Failure) {
        let running = try store.runningRuns()
        guard !running.isEmpty || !store.goneRuns.isEmpty else { return }
        let gone = running.filter { unrecordedEnd(of: $0) == .gone }
        guard !gone.isEmpty else {
            store.goneRuns = []
            return
        }
        // A run that just ended released its lock after it had recorded its end.
        store.goneRuns = Set(gone.map(\.id)).intersection(try store.runningRuns().map(\.id))
    }

    /// Why a run that should be running is not seen to be alive; nil: it is.
    func unrecordedEnd(of run: RunningRun) -> UnrecordedEnd? {
        let suffix = "/.runs/runs.db"
        let ownsStore = storePath.hasSuffix(suffix)
        let root = ownsStore ? String(storePath.dropLast(suffix.count)) : root
        switch condition(of: run, root: root) {
        case .alive: return nil
        case .elsewhere: return holdsLock(run, root: root) ? nil : .notSeenFromHere
        case .gone:
            let mine = Liveness.ofThisProcess(root: root)
            if ownsStore || run.liveness.folderID == mine.folderID { return .gone }
            // With a store elsewhere, the run may belong to another folder: it is known by its process alone.
            guard run.liveness.host == mine.host else { return .notSeenFromHere }
            let isSeen = run.liveness.bootID != mine.bootID || run.liveness.pidNamespace == mine.pidNamespace
            return isSeen ? .gone : .notSeenFromHere
        }
    }

    /// The same by number; nil also if its end is recorded.
    func unrecordedEnd(of run: RunID, in store: Store) throws(Failure) -> UnrecordedEnd? {
        if store.goneRuns.contains(run) { return .gone }
        return try store.runningRuns().first { $0.id == run }.flatMap(unrecordedEnd)
    }
}

/// Status and explanation of stages whose newest execution has no recorded end.
func unfinishedStages(
    of pipeline: String, _ project: Project, in store: Store
) throws(Failure) -> [String: (status: String, why: String)] {
    var result: [String: (status: String, why: String)] = [:]
    for (stage, newest) in try store.newestExecutions(pipeline: pipeline) {
        guard newest.state.isOpen || newest.state == .lost && store.goneRuns.contains(newest.runID) else { continue }
        var why = "run \(newest.runID), execution \(newest.id)"
        if let end = try project.unrecordedEnd(of: newest.runID, in: store) { why += " (\(end.sentence))" }
        if let last = try store.lastEnded(pipeline: pipeline, stage: stage) {
            why += "; last result: \(last.state.rawValue) (run \(last.run), execution \(last.id))"
        } else {
            why += "; no earlier result"
        }
        result[stage] = (newest.state.rawValue, why)
    }
    return result
}
