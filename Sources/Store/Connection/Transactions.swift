// What becomes visible at once, and when what was committed is flushed to the disk. Knows nothing of what is recorded.

import Model
import RunsSQL

/// The run that this process records.
struct OwnedRun {
    let id: RunID
    /// Raised in the store by whoever takes the run over.
    let epoch: Int
}

extension Store {
    /// Everything in the closure becomes visible at once, or nothing of it. Inside another transaction it joins that.
    ///
    /// - Throws: also where a run was begun here and another process has taken it over since. Nothing is written then.
    public func inTransaction<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
        if connection.isInTransaction { return try body() }
        try connection.statement(SQL.beginTransaction).run()
        let ownedBefore = ownedRun
        let result: T
        do {
            try refuseLostRun()
            result = try body()
            try connection.statement(SQL.commitTransaction).run()
        } catch {
            // Some errors have rolled back already.
            if connection.isInTransaction { try? connection.statement(SQL.rollbackTransaction).run() }
            numbers = InternedIDs()
            ownedRun = ownedBefore
            throw error
        }
        checkpointIfDue()
        return result
    }

    private func refuseLostRun() throws(Failure) {
        guard let ownedRun else { return }
        let isOwned = try connection.statement(SQL.ownsRun).first([
            ("run_id", ownedRun.id.value), ("epoch", ownedRun.epoch),
        ]) { _ in true }
        if isOwned == nil {
            throw Failure(
                .store,
                "run \(ownedRun.id) was taken over by another process, or recorded as lost. Nothing more was written.")
        }
    }

    /// By the clock, not by the size of the log as SQLite does: of short stages a commit writes many pages, and flushing
    /// every few of them cost a sixth of the time; of long ones it writes few, and hours of work would wait to be flushed.
    private func checkpointIfDue() {
        let now = ContinuousClock.now
        guard let due = nextCheckpoint, now >= due else { return }
        nextCheckpoint = now + .seconds(1)
        // What was committed stays so. A log that could not be copied now is copied later.
        try? connection.statement(SQL.checkpoint).run()
    }
}
