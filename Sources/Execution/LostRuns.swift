// Runs whose program is gone without a word: found by their free locks, their processes ended, recorded as lost. Comes
// before anything is planned, so that nothing of theirs still writes while files are looked at.

import Model
import Workspace

/// Lays to rest the runs of this store that no longer live.
///
/// - Throws: also where a run on another host cannot be told to be dead or alive.
public func clearLostRuns(in store: any RunStore, root: String, now: Timestamp) throws(Failure) {
    let mine = Liveness.ofThisProcess(root: root)
    let area = OutputArea(root: root)
    for other in try store.runningRuns() {
        let isOriginal = other.liveness.folderID == mine.folderID
        if isOriginal && other.liveness.host != mine.host {
            throw Failure(
                .store,
                "run \(other.id) of '\(other.pipeline)', started \(other.startedAt) by \(other.user) on host "
                    + "\(other.liveness.host), has not ended as far as this store knows, and from here it cannot be told "
                    + "whether it lives. Wait for it, or run `runs exec` on \(other.liveness.host).")
        }
        // A copied store's runs live elsewhere, if at all; those of an earlier boot are certainly gone.
        if isOriginal && other.liveness.bootID == mine.bootID {
            guard RunLock.isFree(root: root, run: other.id) else { continue }
            _ = endLeftovers(tokens: Set(try store.runningExecutions(of: other.id).map(\.token)))
        }
        try store.markLost(run: other.id, at: now)
        RunLock.removeFile(root: root, run: other.id)
        try asFailure { () throws(WorkspaceFailure) in try area.remove(RunFiles.scratchFolder(of: other.id)) }
    }
}
