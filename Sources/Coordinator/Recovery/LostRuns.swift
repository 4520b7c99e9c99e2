// Runs whose program is gone without a word: found by their free locks, their processes ended, recorded as lost. Comes
// before anything is planned, so that nothing of theirs still writes while files are looked at.

import Model
import ProcessHost
import Workspace

/// How a run stands whose end nobody recorded, as far as it can be told from here.
public enum RunCondition: Hashable, Sendable {
    case lives
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
    // A copied store's runs live elsewhere, if at all; those of an earlier boot are certainly gone.
    guard run.liveness.folderID == mine.folderID else { return .gone(mayHaveProcesses: false) }
    guard run.liveness.host == mine.host else { return .elsewhere }
    guard run.liveness.bootID == mine.bootID else { return .gone(mayHaveProcesses: false) }
    return RunLock.isFree(root: root, run: run.id) ? .gone(mayHaveProcesses: true) : .lives
}

/// Whether somebody, on whatever host, is seen to hold the lock of a run. Not every file system shares locks.
public func holdsLock(_ run: RunningRun, root: String) -> Bool { !RunLock.isFree(root: root, run: run.id) }

/// Records a run as lost, after its processes were ended where they can be here, and removes its scratch files.
///
/// - Returns: how many processes were ended.
@discardableResult
public func markLost(
    _ run: RunningRun, mayHaveProcesses: Bool, in store: any RunStore, root: String, now: Timestamp
) throws(Failure) -> Int {
    var ended = 0
    if mayHaveProcesses { ended = endOrphans(tokens: Set(try store.runningExecutions(of: run.id).map(\.token))) }
    try store.markLost(run: run.id, at: now)
    RunLock.removeFile(root: root, run: run.id)
    try asFailure { () throws(WorkspaceFailure) in
        try OutputArea(root: root).remove(RunFiles.scratchFolder(of: run.id))
    }
    return ended
}

/// Lays to rest the runs of this store that no longer live.
///
/// - Throws: also where a run on another host cannot be told to be dead or alive.
public func clearLostRuns(in store: any RunStore, root: String, now: Timestamp) throws(Failure) {
    for other in try store.runningRuns() {
        switch condition(of: other, root: root) {
        case .lives: continue
        case .gone(let mayHaveProcesses):
            try markLost(other, mayHaveProcesses: mayHaveProcesses, in: store, root: root, now: now)
        case .elsewhere:
            throw Failure(
                .store,
                "run \(other.id) of '\(other.pipeline)', started \(other.startedAt) by \(other.user) on host "
                    + "\(other.liveness.host), has not ended as far as this store knows, and from here it cannot be told "
                    + "whether it lives. Wait for it, or run `runs exec` on \(other.liveness.host); if it is surely gone, "
                    + "`runs doctor --repair` declares it lost.")
        }
    }
}
