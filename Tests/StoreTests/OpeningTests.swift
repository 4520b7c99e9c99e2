// Creating, opening and rejecting stores.

import CSQLite
import Glibc
import Model
import RunsSQL
import TestSupport
import Testing

@testable import Store

private let isOnLocalDisk = JournalChoice.forFolder(environmentVariable("TMPDIR") ?? "/tmp") != .rollback

struct OpeningTests {
    let project: Project
    init() throws { project = try Project() }

    /// Changes the file without the store.
    private func change(_ sql: String) throws {
        try Connection(path: project.storePath, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).execute(sql)
    }

    @Test func aNewStoreIsCreatedOnce() throws {
        let salt = try project.store().salt
        #expect(salt.count == 32 && Set(salt).count > 1)
        #expect(try project.store().salt == salt)
        #expect(try project.store(.read).salt == salt)
        let store = try project.store()
        let applied = try store.connection.statement(SQL.appliedMigrations).all { row in row.integer(0) }
        #expect(applied == Migrations.all.map { Int64($0.version) })
        #expect(try Project().store().salt != salt)
    }

    @Test(.enabled(if: isOnLocalDisk, "temporary folders are not on a local disk"))
    func localDisksUseAWriteAheadLogAndForeignKeys() throws {
        let store = try project.store()
        func pragma(_ name: String) throws -> TableValue? {
            try PreparedStatement("PRAGMA \(name)", in: store.connection, isPersistent: false).first { $0.value(0) }
        }
        #expect(try pragma("journal_mode") == .text("wal"))
        #expect(try pragma("synchronous") == .integer(1))
        #expect(try pragma("wal_autocheckpoint") == .integer(16384))
        #expect(try pragma("foreign_keys") == .integer(1))
        #expect(project.files == ["runs.db", "runs.db-shm", "runs.db-wal"])
    }

    @Test(.enabled(if: isOnLocalDisk, "temporary folders are not on a local disk"))
    func theWriteAheadLogTestLeavesNoFiles() throws {
        let store = try Store.inMemory()
        #expect(store.worksWithWriteAheadLog(project.folder))
        #expect(project.files.isEmpty, "the probe is gone")
        #expect(!store.worksWithWriteAheadLog("\(project.folder)/missing"))
    }

    @Test(.enabled(if: isOnLocalDisk, "temporary folders are not on a local disk"))
    func commitsReachTheFileAfterASecond() throws {
        let store = try project.store()
        let start = ContinuousClock.now
        for (due, expected) in [(ContinuousClock.now + .seconds(3600), []), (.now, [.text("running")])]
            as [(ContinuousClock.Instant, [TableValue])]
        {
            store.nextCheckpoint = due
            _ = try store.beginRun(runStart(), liveness: liveness)
            // The file alone, as after a loss of power that took the log.
            let copy = try Project()
            try copy.write("runs.db", bytes: try project.bytes(of: "runs.db"))
            #expect(try copy.store().rows("SELECT status FROM runs LIMIT 1") == (expected.isEmpty ? [] : [expected]))
        }
        #expect(try #require(store.nextCheckpoint) >= start + .seconds(1), "the next one is a second away")
    }

    @Test(
        arguments: [
            (0xef53, JournalChoice.writeAheadLog),  // ext4
            (0x5846_5342, .writeAheadLog),  // XFS
            (0x9123_683e, .writeAheadLog),  // Btrfs
            (0x0102_1994, .writeAheadLog),  // tmpfs
            (0x794c_7630, .writeAheadLogIfItWorks),  // overlayfs
            (0x2fc1_2fc1, .writeAheadLog),  // ZFS
            (0x6969, .rollback), (0x0bd0_0bd0, .rollback), (0x4750_4653, .rollback), (0xff53_4d42, .rollback),
            (0xfe53_4d42, .rollback), (0x517b, .rollback), (0x1983_0326, .rollback), (0x0102_1997, .rollback),
            (0x6573_5546, .rollback),
        ] as [(UInt32, JournalChoice)])
    func theJournalIsChosenByFileSystem(magic: UInt32, choice: JournalChoice) {
        #expect(JournalChoice(fileSystemMagic: magic) == choice)
    }

    @Test func readingNeedsAStore() throws {
        #expect(sentence { _ = try project.store(.read) }.contains(project.storePath))
        #expect(project.files.isEmpty)
        try project.write("runs.db", bytes: [])
        #expect(sentence { _ = try project.store(.read) }.contains("is empty"))
    }

    @Test func aFolderIsNotAStore() throws {
        mkdir(project.storePath, 0o755)
        defer { rmdir(project.storePath) }
        #expect(sentence { _ = try project.store() }.contains("is a folder"))
    }

    @Test func aMissingFolderIsNamed() throws {
        let message = sentence { _ = try Store.open(path: "\(project.folder)/none/runs.db", access: .write) }
        #expect(message.contains("none/runs.db cannot be opened") && message.contains("Check that its folder exists"))
    }

    @Test(arguments: [Store.Access.write, .read])
    func anotherProgramsDatabaseIsRejectedUnchanged(access: Store.Access) throws {
        try change("CREATE TABLE songs (title TEXT)")
        let before = try project.bytes(of: "runs.db")
        #expect(sentence { _ = try project.store(access) }.contains("database of another program"))
        #expect(try project.bytes(of: "runs.db") == before)
        #expect(project.files == ["runs.db"])
    }

    @Test(arguments: [Store.Access.write, .read])
    func anotherApplicationIDIsRejected(access: Store.Access) throws {
        try change("PRAGMA application_id = 77")
        #expect(sentence { _ = try project.store(access) }.contains("database of another program"))
    }

    @Test(arguments: [Store.Access.write, .read])
    func aFileThatIsNotADatabaseIsRejected(access: Store.Access) throws {
        try project.write("runs.db", bytes: [UInt8](repeating: 65, count: 5000))
        let message = sentence { _ = try project.store(access) }
        #expect(message.contains("is not an SQLite file") && message.contains("--store"))
    }

    @Test(arguments: [Store.Access.write, .read])
    func aTruncatedStoreIsReported(access: Store.Access) throws {
        do {
            let store = try project.store()
            let run = try store.beginRun(runStart(), liveness: liveness)
            _ = try store.begin(start("a"), run: run, pipeline: "p")
        }
        #expect(project.files == ["runs.db"])
        let whole = try project.bytes(of: "runs.db")
        try project.write("runs.db", bytes: Array(whole[..<(whole.count / 2)]))
        let message = sentence {
            let store = try project.store(access)
            _ = try store.newestExecutions(pipeline: "p")
            _ = try store.cachedDigests()
            _ = try store.rows("SELECT * FROM executions")
        }
        #expect(message.contains(project.storePath) && message.contains("is damaged"), "\(message)")
    }

    @Test(arguments: [Store.Access.write, .read])
    func aNewerStoreIsRejectedWithItsVersion(access: Store.Access) throws {
        _ = try project.store()
        try change(
            "INSERT INTO migrations (version, name, sha256, program_version) VALUES (99, 'later', zeroblob(32), '7.8.9')"
        )
        let before = try project.bytes(of: "runs.db")
        let message = sentence { _ = try project.store(access) }
        #expect(message.contains("made by runs 7.8.9") && message.contains("Use runs 7.8.9 or later"))
        #expect(try project.bytes(of: "runs.db") == before)
    }

    @Test(arguments: [Store.Access.write, .read])
    func aChangedMigrationIsRejected(access: Store.Access) throws {
        _ = try project.store()
        try change("UPDATE migrations SET sha256 = zeroblob(32) WHERE version = 1")
        #expect(sentence { _ = try project.store(access) }.contains("migration 1 (tables) of the store"))
    }

    @Test func theFileHasTheModeOfTheUmask() throws {
        _ = try project.store()
        var status = stat()
        #expect(stat(project.storePath, &status) == 0)
        let mask = umask(0)
        umask(mask)
        #expect(status.st_mode & 0o777 == 0o660 & ~mask)
    }

    @Test func readersAndWritersDoNotBlock() throws {
        let writer = try project.store()
        let reader = try project.store(.read)
        let run = try writer.beginRun(runStart(), liveness: liveness)
        #expect(try reader.rows("SELECT run_id FROM runs") == [[.integer(run.value)]])
        try writer.inTransaction { () throws(Failure) in
            _ = try writer.begin(start("a"), run: run, pipeline: "p")
            // Neither blocks the other.
            #expect((try? reader.rows("SELECT count(*) FROM executions")) == [[.integer(0)]])
        }
        #expect(try reader.rows("SELECT count(*) FROM executions") == [[.integer(1)]])
    }
}
