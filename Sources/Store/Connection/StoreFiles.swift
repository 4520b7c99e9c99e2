// Whether the files of a store are still what was written to them. Stages can remove or truncate them while they are in
// use, and SQLite would go on without an error. Knows the formats of SQLite's files; changes nothing.

import CSQLite
import Glibc
import Model

/// The files of a store that is open for writing.
struct StoreFiles {
    private let path: String
    /// Device and inode of each, by suffix. Only of those that exist as long as the store is open.
    private let identities: [(suffix: String, identity: [UInt64])]
    /// Of the store's file, when it was looked at last.
    private var size = 0

    init(_ path: String, hasLog: Bool) {
        self.path = path
        identities = (hasLog ? ["", "-wal", "-shm"] : [""]).map { ($0, Self.identity(path + $0)) }
            .filter { !$0.identity.isEmpty }
    }

    private static func identity(_ path: String) -> [UInt64] {
        var status = stat()
        return stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : []
    }

    /// - Throws: if a file was removed or replaced. What is written to an open file that was removed is lost.
    func refuseReplaced() throws(Failure) {
        for (suffix, expected) in identities where Self.identity(path + suffix) != expected {
            throw failure(suffix, "was removed or replaced")
        }
    }

    /// Cheap: asks for two sizes. To be called within a transaction that writes.
    ///
    /// - Throws: if a file was truncated.
    mutating func refuseTruncated(_ connection: Connection) throws(Failure) {
        let now = csqlite_file_size(connection.handle, SQLITE_FCNTL_FILE_POINTER)
        if now < size, !isWhole(now, connection) { throw failure("", "was truncated or overwritten") }
        size = max(0, now)
        var index = csqlite_log_index()
        guard csqlite_read_log_index(connection.handle, &index) != 0, index.frames > 0 else { return }
        let expected = 32 + Int(index.frames) * (24 + Int(index.page_bytes))
        guard csqlite_file_size(connection.handle, SQLITE_FCNTL_JOURNAL_POINTER) < expected else { return }
        throw failure("-wal", "was truncated or overwritten")
    }

    /// The same, and looks into the log: it may have been truncated and written to since.
    mutating func refuseOverwritten(_ connection: Connection) throws(Failure) {
        try refuseTruncated(connection)
        var index = csqlite_log_index()
        guard csqlite_read_log_index(connection.handle, &index) != 0, index.frames > 0 else { return }
        let salt = withUnsafeBytes(of: index.salt) { Array($0) }
        let lastFrame = 32 + (Int(index.frames) - 1) * (24 + Int(index.page_bytes))
        // The salt is in the header of the log, and in that of each frame.
        for offset in [16, 32 + 8, lastFrame + 8] {
            var found = [UInt8](repeating: 0, count: 8)
            let isRead = csqlite_file_read(connection.handle, SQLITE_FCNTL_JOURNAL_POINTER, &found, 8, offset) != 0
            guard isRead, found == salt else { throw failure("-wal", "was truncated or overwritten") }
        }
    }

    /// Whether a file that became smaller has as many pages as its header says, as after a VACUUM.
    private func isWhole(_ size: Int, _ connection: Connection) -> Bool {
        var header = [UInt8](repeating: 0, count: 100)
        guard csqlite_file_read(connection.handle, SQLITE_FCNTL_FILE_POINTER, &header, 100, 0) != 0,
            header.starts(with: "SQLite format 3\0".utf8)
        else { return false }
        let pageBytes = Int(header[16]) << 8 | Int(header[17])
        let pages = header[28..<32].reduce(0) { $0 << 8 | Int($1) }
        return size >= pages * (pageBytes == 1 ? 65_536 : pageBytes)
    }

    private func failure(_ suffix: String, _ what: String) -> Failure {
        Failure(
            .store,
            "the store \(path) cannot be used: \(path)\(suffix) \(what) while it was in use, and what was recorded "
                + "since is lost. Restore it, and keep stages from touching .runs.")
    }
}

/// Has this process end with a message and the status of a store that cannot be used when memory is read that belongs to
/// no file any more. That is how the kernel reports that the index of a write-ahead log, which SQLite maps into memory,
/// was truncated.
func reportTruncatedMemory() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
        let message: StaticString = """
            error: the store cannot be used: runs.db-shm was truncated while it was in use. Keep stages from touching .runs.

            """
        _ = write(2, message.utf8Start, message.utf8CodeUnitCount)
        _exit(3)
    }
    sigaction(SIGBUS, &action, nil)
}
