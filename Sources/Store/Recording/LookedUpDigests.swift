// Digests that commands found which record nothing else: kept for later commands where that disturbs no other program. Knows the
// cache; does not know what was digested.

import CSQLite
import Glibc
import Model
import RunsSQL

extension Store {
    /// Caches digests if that is possible at once: not while a run records or another program holds the lock, nor in a
    /// store of another version, on a network file system, or without write permission. Never fails.
    public static func cacheDigests(_ entries: [DigestCacheEntry], inStoreAt path: String) {
        guard !entries.isEmpty, access(path, W_OK) == 0 else { return }
        do throws(Failure) {
            let connection = try Connection(path: path, flags: SQLITE_OPEN_READWRITE)
            sqlite3_busy_timeout(connection.handle, 0)
            let store = Store(connection: connection, temporaryFolder: nil)
            try store.refuseForeignFile()
            guard try store.refuseOtherVersion() == Migrations.all.count,
                try connection.statement(SQL.journalMode).first([], { $0.text(0) }) == "wal",
                try store.runningRuns().isEmpty
            else { return }
            try store.saveDigests(entries)
        } catch {
            // They are found again next time.
        }
    }
}
