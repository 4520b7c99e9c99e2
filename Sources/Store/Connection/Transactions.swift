// Transactions, and when commits are flushed to the disk. Does not know what is recorded.

import Model
import RunsSQL

/// The run that this process began.
struct OwnedRun {
    let id: RunID
    /// A process that takes the run over raises it in the store.
    let epoch: Int
    /// The commits of other processes when the epoch was last compared: it cannot have changed without another.
    var checkedAt: UInt32?
}

extension Store {
    /// Runs the closure in a transaction: all of it is committed, or nothing. Nested calls join the outer transaction.
    ///
    /// - Throws: also if another process has taken over the run that was begun here. Nothing is written then.
    public func inTransaction<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
        if connection.isInTransaction { return try body() }
        try connection.statement(SQL.beginTransaction).run()
        let ownedBefore = ownedRun
        let result: T
        do {
            try refuseTruncatedFiles()
            try refuseLostRun()
            result = try body()
            try connection.statement(SQL.commitTransaction).run()
        } catch {
            // After some errors SQLite has rolled back already.
            if connection.isInTransaction { try? connection.statement(SQL.rollbackTransaction).run() }
            numbers = InternedIDs()
            ownedRun = ownedBefore
            throw error
        }
        checkpointIfDue()
        return result
    }

    private func refuseLostRun() throws(Failure) {
        guard let ownedRun, ownedRun.checkedAt != connection.commitsOfOthers else { return }
        let isOwned = try connection.statement(SQL.ownsRun).first([
            ("run_id", ownedRun.id.value), ("epoch", ownedRun.epoch),
        ]) { _ in true }
        if isOwned == nil {
            throw Failure(
                .store,
                "run \(ownedRun.id) was taken over by another process, or recorded as lost. Nothing more was written.")
        }
        self.ownedRun?.checkedAt = connection.commitsOfOthers
    }

    /// By the clock, not by the size of the log as SQLite does. Short stages write many pages, and flushing every few
    /// of them took a sixth of the time; long stages write few, and hours of work would not be flushed.
    private func checkpointIfDue() {
        let now = ContinuousClock.now
        guard let due = nextCheckpoint, now >= due else { return }
        nextCheckpoint = now + .seconds(1)
        // Errors are harmless: commits stay in the log, which is copied later.
        try? connection.statement(SQL.checkpoint).run()
    }
}
