// Runs whose program ended without recording it: found by their free locks, their processes ended, recorded as lost.
// Comes before anything is planned, so that nothing of theirs still writes while files are looked at.

import Glibc
import Model
import Workspace

/// The state of a run whose end was not recorded, as far as this host can see it.
public enum RunCondition: Hashable, Sendable {
    case alive
    /// Its program is gone.
    ///
    /// - Parameter mayHaveProcesses: it ran on this boot of this machine.
    case gone(mayHaveProcesses: Bool)
    /// It runs, or ran, on another host.
    case elsewhere
}

/// Looks for the program of a run.
public func condition(of run: RunningRun, root: String) -> RunCondition {
    let mine = Liveness.ofThisProcess(root: root)
    // Another project's run that uses the same store. Those of a copied store are gone as soon as the original's are.
    guard run.liveness.folderID == mine.folderID else {
        return run.liveness.isProcess(seenFrom: mine) ? .alive : .gone(mayHaveProcesses: false)
    }
    // Those of an earlier boot are certainly gone.
    guard run.liveness.host == mine.host else { return .elsewhere }
    // It cannot be read without /proc. The lock is known in any case.
    guard run.liveness.bootID == mine.bootID || mine.bootID.isEmpty else { return .gone(mayHaveProcesses: false) }
    return RunLock.isFree(root: root, run: run.id) ? .gone(mayHaveProcesses: true) : .alive
}

extension Liveness {
    /// Whether there is a process of that number in the place where both are.
    fileprivate func isProcess(seenFrom other: Liveness) -> Bool {
        guard host == other.host, bootID == other.bootID, pidNamespace == other.pidNamespace else { return false }
        return kill(pid, 0) == 0 || errno == EPERM
    }
}

/// Whether the lock of a run is seen to be held, on whatever host. Not every file system shares locks.
public func holdsLock(_ run: RunningRun, root: String) -> Bool { !RunLock.isFree(root: root, run: run.id) }

/// Clears up after runs of one store.
public struct LostRuns {
    private let store: any RunStore
    private let root: String
    private let endProcesses: (Set<String>) -> Int
    private let surviving: Set<String>

    /// - Parameters:
    ///   - root: the project's folder.
    ///   - surviving: names of engines whose executions go on when their coordinator is gone; these are left to the run
    ///     that adopts them.
    ///   - endProcesses: ends the processes of this machine that are marked with one of the tokens, and returns how
    ///   many
    ///     there were.
    public init(
        store: any RunStore, root: String, surviving: Set<String> = [],
        endProcesses: @escaping (Set<String>) -> Int
    ) {
        self.store = store
        self.root = root
        self.surviving = surviving
        self.endProcesses = endProcesses
    }

    /// Records a run as lost, after its processes were ended where they can be here, and deletes its scratch files.
    ///
    /// - Returns: how many processes were ended.
    @discardableResult
    public func markLost(_ run: RunningRun, mayHaveProcesses: Bool, now: Timestamp) throws(Failure) -> Int {
        var ended = 0
        if mayHaveProcesses { ended = endProcesses(Set(try store.runningExecutions(of: run.id).map(\.token))) }
        try recordImports(of: run)
        try store.markLost(run: run.id, at: now)
        RunLock.removeFile(root: root, run: run.id)
        try asFailure { () throws(WorkspaceFailure) in
            try OutputArea(root: root).removeScratch(of: run.id, root: root)
        }
        return ended
    }

    /// What its executions had imported: what they left is continued only by the same code.
    private func recordImports(of run: RunningRun) throws(Failure) {
        for execution in try store.runningExecutions(of: run.id) {
            let notes = "\(root)/\(RunFiles.imports(of: execution.firstRunID ?? run.id, execution.id))"
            guard access(notes, F_OK) == 0 else { continue }
            let sources = DiscoverySources(
                importNotes: notes, depfile: nil, earlierDepfile: nil, workingDirectory: nil,
                named: try store.inputs(of: execution.id).map(\.path),
                // A module that is gone was edited since.
                startedAt: Timestamp(microseconds: .max / 1000))
            let found = Discoverer(sources, in: Workspace(lookingBelow: root, cache: [])).find(isSuccess: false)
            if !found.inputs.isEmpty { _ = try store.recordDiscovered(found.inputs, of: execution.id) }
        }
    }

    /// Marks the runs of the store as lost whose program is gone.
    ///
    /// - Throws: also where a run on another host may be alive.
    public func clear(now: Timestamp) throws(Failure) {
        for other in try store.runningRuns() {
            switch condition(of: other, root: root) {
            case .alive: continue
            case .gone(let mayHaveProcesses):
                if try canBeAdopted(other) { continue }
                try markLost(other, mayHaveProcesses: mayHaveProcesses, now: now)
            case .elsewhere:
                throw Failure(
                    .store,
                    "cannot check from this host whether run \(other.id) of '\(other.pipeline)' is still alive: "
                        + "\(other.user) started it at \(other.startedAt) on \(other.liveness.host), and its end is "
                        + "not recorded. Wait for it, or run `runs exec` on \(other.liveness.host). If it is gone, run "
                        + "`runs doctor --repair`.")
            }
        }
    }

    private func canBeAdopted(_ run: RunningRun) throws(Failure) -> Bool {
        if surviving.isEmpty { return false }
        return try store.runningExecutions(of: run.id).contains { surviving.contains($0.engine) }
    }
}
