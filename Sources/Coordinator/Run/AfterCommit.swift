// What a turn of the loop does only once its transaction is committed. Knows the order; does nothing itself.

import EngineAPI
import Model

/// Collected while a transaction is open; carried out in the order of the properties by `Run.carryOutCommitted`.
struct AfterCommit {
    /// Executions whose kept outputs are deleted, now that what replaces them is recorded.
    var supersededVersions: [ExecutionID] = []
    /// Absolute paths of files that were read to their end, to be deleted now that this is recorded.
    var finishedFiles: [String] = []
    /// Absolute paths of temporary folders that nothing uses any more.
    var finishedFolders: [String] = []
    /// Claims on paths that other runs may learn of.
    private(set) var claims: [UInt8] = []
    /// Reported to the user.
    var events: [RunEvent.Kind] = []
    /// Executions whose rows are written: they may be started.
    var launches: [Launch] = []

    mutating func claim(_ claim: PathClaim, _ path: String) { PathClaims.encode(claim, path, onto: &claims) }

    /// All of it; nothing is left.
    mutating func take() -> AfterCommit {
        defer { self = AfterCommit() }
        return self
    }
}
