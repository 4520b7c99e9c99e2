// What becomes visible at once, and when what was committed is flushed to the disk. Knows nothing of what is recorded.

import Model
import RunsSQL

extension Store {
    /// Everything in the closure becomes visible at once, or nothing of it. Inside another transaction it joins that.
    public func inTransaction<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
        if connection.isInTransaction { return try body() }
        try connection.statement(SQL.beginTransaction).run()
        let result: T
        do {
            result = try body()
            try connection.statement(SQL.commitTransaction).run()
        } catch {
            // Some errors have rolled back already.
            if connection.isInTransaction { try? connection.statement(SQL.rollbackTransaction).run() }
            numbers = InternedIDs()
            throw error
        }
        checkpointIfDue()
        return result
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
