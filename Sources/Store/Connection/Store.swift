// The store: one SQLite file that records every run. Knows how it is opened, created and migrated; extensions beside
// this file read and record. Does not know processes or the planner.

import CSQLite
import Glibc
import Model
import RunsSQL

import struct Crypto.SHA256

/// An open store. Used from one thread at a time; other processes may use the same file.
public final class Store {
    public enum Access: Sendable {
        /// Creates the store if it does not exist.
        case write
        /// Migrates an older store too, or a temporary copy if the file is not writable.
        case read
    }

    private static let applicationID: Int64 = 0x7275_6e73

    let connection: Connection
    /// Holds the copy that is read if the file itself cannot be; deleted with this object.
    public let temporaryFolder: String?
    /// Those that are written to.
    private(set) var files: StoreFiles?
    public private(set) var salt: [UInt8] = []
    var numbers = InternedIDs()
    /// Runs whose rows say that they are running although they are not. Questions get them and their open executions as
    /// `lost`; the rows stay as they are.
    public var goneRuns: Set<RunID> = []
    /// From `beginRun` to `finishRun`.
    var ownedRun: OwnedRun?
    /// When the write-ahead log is copied into the store next; nil without a log.
    var nextCheckpoint: ContinuousClock.Instant?

    init(connection: Connection, temporaryFolder: String?) {
        self.connection = connection
        self.temporaryFolder = temporaryFolder
    }

    deinit {
        if let temporaryFolder { removeTemporaryFolder(temporaryFolder) }
    }

    /// - Throws: a `Failure` of kind `store`.
    public static func open(path: String, access: Access) throws(Failure) -> Store {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file"
            throw Failure(.store, "the store \(path) is \(kind). Name the file itself with --store.")
        }
        try refuseReplacedFiles(beside: path)
        switch access {
        case .write: return try openForWriting(path)
        case .read: return try openForReading(path)
        }
    }

    /// An empty store in memory, for a project without a store.
    public static func inMemory() throws(Failure) -> Store {
        let store = Store(
            connection: try Connection(path: ":memory:", flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE),
            temporaryFolder: nil)
        try store.migrate()
        return store
    }

    private static func openForWriting(_ path: String) throws(Failure) -> Store {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        makeFile(path)
        let connection = try Connection(path: path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        let store = Store(connection: connection, temporaryFolder: nil)
        try store.refuseForeignFile()
        try connection.refuseReadOnly()
        try store.chooseJournal(JournalChoice.forFolder(folder), folder: folder)
        try store.migrate()
        try connection.execute(SQL.foreignKeysOn.text)
        store.files = StoreFiles(path, hasLog: store.nextCheckpoint != nil)
        reportTruncatedMemory()
        return store
    }

    /// To be called in a transaction, before anything is written.
    ///
    /// - Parameter looksInside: whether the log's content is looked at, too.
    /// - Throws: if a file of the store was truncated. The store is not used any more.
    func refuseTruncatedFiles(looksInside: Bool = false) throws(Failure) {
        do {
            if looksInside { try files?.refuseOverwritten(connection) } else { try files?.refuseTruncated(connection) }
        } catch {
            connection.isAbandoned = true
            throw error
        }
    }

    /// To be called after the last commit of a run.
    ///
    /// - Throws: if files of the store were removed or replaced: what was recorded is not in them.
    func refuseReplacedFiles() throws(Failure) {
        do { try files?.refuseReplaced() } catch {
            connection.isAbandoned = true
            throw error
        }
    }

    /// SQLite waits for the writer of a FIFO in the place of its journal.
    private static func refuseReplacedFiles(beside path: String) throws(Failure) {
        for suffix in ["-wal", "-shm", "-journal"] {
            var status = stat()
            guard lstat(path + suffix, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { continue }
            throw Failure(.store, "\(path)\(suffix) is a link, or not a regular file. Remove it.")
        }
    }

    /// SQLite would create it without group write permission even if the umask allows it. Others get no permission: a
    /// store knows much of what is done in a project. SQLite gives the files beside it the same permissions. If the file
    /// cannot be created, opening it reports why.
    private static func makeFile(_ path: String) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o660)
        if descriptor >= 0 { close(descriptor) }
    }

    private static func openForReading(_ path: String) throws(Failure) -> Store {
        let (connection, temporaryFolder) = try Connection.forReading(path)
        var store = Store(connection: connection, temporaryFolder: temporaryFolder)
        try store.refuseForeignFile()
        guard try store.isMarked() else {
            throw Failure(.store, "the store \(path) is empty. Run `runs exec` first.")
        }
        if try store.refuseOtherVersion() < Migrations.all.count {
            if connection.isReadOnly {
                let (copy, folder) = try connection.copyForReading()
                store = Store(connection: copy, temporaryFolder: folder)
            }
            try store.migrate()
        }
        store.salt = try store.connection.statement(SQL.storeSalt).first { $0.blob(0) } ?? []
        return store
    }

    // MARK: - Opening

    private func isMarked() throws(Failure) -> Bool {
        try connection.statement(SQL.applicationId).first([], { $0.integer(0) }) == Self.applicationID
    }

    func refuseForeignFile() throws(Failure) {
        // In this order: a process that creates the same store now sets the mark together with the first table.
        let tables = try connection.statement(SQL.countTables).first { $0.integer(0) } ?? 0
        let mark = try connection.statement(SQL.applicationId).first { $0.integer(0) }
        if mark == Self.applicationID { return }
        guard mark == 0, tables == 0 else {
            throw Failure(
                .store,
                "the file \(connection.path) is an SQLite database of another program. Name another store with --store."
            )
        }
    }

    private func chooseJournal(_ choice: JournalChoice, folder: String) throws(Failure) {
        let isWanted = choice == .writeAheadLog || choice == .writeAheadLogIfItWorks && worksWithWriteAheadLog(folder)
        if isWanted, try switchToWriteAheadLog() {
            try connection.execute(SQL.synchronousNormal.text)
            try connection.execute(SQL.checkpointSeldom.text)
            nextCheckpoint = .now + .seconds(1)
        } else {
            try connection.execute(SQL.journalRollback.text)
            try connection.execute(SQL.synchronousFull.text)
        }
    }

    /// Returns false if the file system does not support it. SQLite does not wait for a lock when the journal mode
    /// changes, since two processes that create one store could deadlock.
    private func switchToWriteAheadLog() throws(Failure) -> Bool {
        var attempt = 0
        while true {
            do {
                return try connection.statement(SQL.journalWal).first([], { $0.text(0) }) == "wal"
            } catch {
                guard connection.isBusy, connection.waiter.goesOn(attempt: attempt) else {
                    throw connection.waiter.failure ?? error
                }
                usleep(.random(in: 0...20_000))
                attempt += 1
            }
        }
    }

    /// Some file systems accept the mode and fail at the first write: tested with a separate file, once, when the store
    /// is created.
    func worksWithWriteAheadLog(_ folder: String) -> Bool {
        guard fileSize(connection.path) == 0 else { return true }
        // Programs in other containers may have the same pid.
        let probe = "\(folder)/probe-\(UInt64.random(in: .min ... .max)).db"
        defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(probe + suffix) } }
        do {
            let scratch = try Connection(path: probe, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
            try scratch.execute(SQL.journalWal.text)
            try scratch.execute(SQL.probeWrite.text)
            return true
        } catch {
            // A full or read-only disk fails with the store itself, and is reported there.
            return false
        }
    }

    // MARK: - Migrations

    private func migrate() throws(Failure) {
        if try !isMarked() {
            try inTransaction { () throws(Failure) in
                guard try !isMarked() else { return }
                try connection.execute(SQL.setApplicationId.text)
                try connection.execute(SQL.createMigrations.text)
            }
        }
        // In this order: a process that creates the same store now adds tables and migrations together.
        let tables = try connection.statement(SQL.countTables).first { $0.integer(0) } ?? 0
        var applied = try refuseOtherVersion()
        guard applied > 0 || tables <= 1 else {
            throw Failure(
                .store,
                "the store \(connection.path) is damaged: another program deleted the list of its migrations. Restore it "
                    + "from a copy, or move it away; the next `runs exec` creates a new one.")
        }
        // A migration may replace a table that others refer to. This has no effect inside a transaction.
        if applied < Migrations.all.count { try connection.execute(SQL.foreignKeysOff.text) }
        for migration in Migrations.all where migration.version > applied {
            try inTransaction { () throws(Failure) in
                // Another process may have applied it.
                guard try appliedVersion() < migration.version else { return }
                try connection.execute(migration.text)
                try connection.statement(SQL.recordMigration).run([
                    ("version", migration.version), ("name", migration.name), ("sha256", digest(of: migration.text)),
                    ("program_version", programVersion),
                ])
            }
            applied = migration.version
        }
        try createIdentity()
    }

    private func appliedVersion() throws(Failure) -> Int {
        Int(try connection.statement(SQL.appliedMigrations).all([], { $0.integer(0) }).last ?? 0)
    }

    /// The newest migration that was applied to the store.
    @discardableResult
    func refuseOtherVersion() throws(Failure) -> Int {
        let rows = try connection.statement(SQL.appliedMigrations).all { row throws(Failure) in
            (version: Int(row.integer(0)), name: row.text(1), digest: try row.digest(2), program: row.text(3))
        }
        for row in rows {
            guard let migration = Migrations.all.first(where: { $0.version == row.version }) else {
                throw Failure(
                    .store,
                    "the store \(connection.path) was made by runs \(row.program), which is newer than this one "
                        + "(\(programVersion)). Use runs \(row.program) or later; nothing was changed.")
            }
            guard digest(of: migration.text) == row.digest else {
                throw Failure(
                    .store,
                    "migration \(row.version) (\(row.name)) of the store \(connection.path) differs from this "
                        + "program's. Use the version that made the store (\(row.program)); nothing was changed.")
            }
        }
        return rows.last?.version ?? 0
    }

    private func digest(of text: String) -> Digest {
        guard let digest = Digest(bytes: SHA256.hash(data: Array(text.utf8))) else {
            preconditionFailure("SHA-256 has 32 bytes")
        }
        return digest
    }

    private func createIdentity() throws(Failure) {
        if let known = try connection.statement(SQL.storeSalt).first([], { $0.blob(0) }) {
            salt = known
            return
        }
        var generator = SystemRandomNumberGenerator()
        let identity = (0..<2).map { _ in String(generator.next() as UInt64, radix: 16) }.joined()
        let random = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try inTransaction { () throws(Failure) in
            try connection.statement(SQL.createIdentity).run([
                ("identity", identity), ("salt", random), ("created_at", Self.now()),
            ])
        }
        salt = try connection.statement(SQL.storeSalt).first { $0.blob(0) } ?? random
    }

    private static func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000).iso8601
    }
}
