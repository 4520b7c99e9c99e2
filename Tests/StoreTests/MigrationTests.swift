// Stores of earlier versions, kept beside this file, are migrated: nothing is lost, and the schema is that of
// a new store. What their views answer is compared in CommandTests.

import CSQLite
import Glibc
import Model
import RunsSQL
import Testing

@testable import Store

@Suite struct MigrationTests {
    let project: Project

    init() throws { project = try Project() }

    private static let kept = ["finished", "killed"]

    /// Puts a kept store into the project's folder, with its write-ahead log.
    private func copy(_ name: String) throws {
        let here = #filePath
        let folder = "\(here[..<(here.lastIndex(of: "/") ?? here.startIndex)])/Stores/0.1.0/\(name)"
        for file in ["runs.db", "runs.db-wal"] {
            guard let source = fopen("\(folder)/\(file)", "r") else { continue }
            defer { fclose(source) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = fread(&chunk, 1, chunk.count, source), count > 0 { bytes += chunk[..<count] }
            try project.write(file, bytes: bytes)
        }
        #expect(project.files == (name == "killed" ? ["runs.db", "runs.db-wal"] : ["runs.db"]))
    }

    /// Every table, index and view.
    private func schema(of store: Store) throws -> [[TableValue]] {
        try PreparedStatement(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name", in: store.connection,
            isPersistent: false
        ).all { row in (0..<4).map { row.value($0) } }
    }

    private func counts(of connection: Connection) throws -> [Int64] {
        let tables = [
            "run_rows", "execution_rows", "execution_inputs", "execution_outputs", "execution_params", "metric_points",
            "decision_rows", "tag_rows", "plan_images", "standings", "file_digests", "unexecuted_sets",
        ]
        return try tables.map { table in
            try PreparedStatement("SELECT count(*) FROM \(table)", in: connection, isPersistent: false)
                .first { $0.integer(0) } ?? -1
        }
    }

    private func connect() throws -> Connection {
        try Connection(path: project.storePath, flags: SQLITE_OPEN_READWRITE)
    }

    @Test(arguments: kept, [Store.Access.write, .read])
    func aStoreOf010IsMigrated(name: String, access: Store.Access) throws {
        try copy(name)
        let before = try counts(of: connect())
        let store = try project.store(access)
        #expect(try store.health().schemaVersion == Migrations.all.count)
        #expect(try store.health().problems.isEmpty)
        #expect(try counts(of: store.connection) == before)
        #expect(try schema(of: store) == schema(of: Project().store()))
        let unknown = try store.rows("SELECT count(*) FROM executions WHERE submitted_at IS NOT NULL")
        #expect(unknown == [[.integer(0)]])
        // It was changed in its place.
        #expect(try Store.open(path: project.storePath, access: .write).health().schemaVersion == Migrations.all.count)
    }

    /// Objects become a row for each value in them; what else is recorded stays as it was.
    @Test func paramsInsideObjectsGetRowsOfTheirOwn() throws {
        try copy("finished")
        let nested =
            #"{"lr":0.1,"eps":1e-05,"big":18446744073709552000,"sched":{"kind":"co\"s","steps":[1,{"a":2}],"none":null},"empty":{},"a b.c":true,"q\"uote":1.5}"#
        let before = try connect()
        for statement in [
            "INSERT INTO names (name) VALUES ('optim')",
            """
            INSERT INTO execution_params (execution_id, name_id, value, reported)
            SELECT 1, name_id, '\(nested)', 0 FROM names WHERE name = 'optim'
            """,
        ] { try PreparedStatement(statement, in: before, isPersistent: false).run() }
        let store = try project.store()
        let rows = try store.rows(
            "SELECT name, value, number FROM params WHERE execution_id = 1 AND name LIKE 'optim%' ORDER BY name")
        let number: (Double?) -> TableValue = { $0.map { .real($0) } ?? .null }
        let expected: [(String, String, Double?)] = [
            ("a b.c", "true", nil), ("big", "18446744073709552000", 1.8446744073709552e19), ("empty", "{}", nil),
            ("eps", "1e-05", 1e-05), ("lr", "0.1", 0.1), ("q\"uote", "1.5", 1.5), ("sched.kind", #""co\"s""#, nil),
            ("sched.none", "null", nil), ("sched.steps", #"[1,{"a":2}]"#, nil),
        ]
        #expect(rows == expected.map { [.text("optim.\($0.0)"), .text($0.1), number($0.2)] })
        #expect(try store.hasEarlierKeys())
        #expect(try !Project().store().hasEarlierKeys())
    }

    @Test func aKilledRunIsLostAndAnotherContinues() throws {
        try copy("killed")
        let store = try project.store()
        let killed = try #require(try store.runningRuns().first)
        let open = try store.runningExecutions(of: killed.id)
        #expect(open.map(\.stage) == ["long@dataset=iris", "long@dataset=wine"])
        #expect(open.allSatisfy { $0.state == .running && $0.engine == "local" && $0.firstRunID == nil })
        try store.markLost(run: killed.id, at: time(1))
        #expect(try store.runningRuns().isEmpty)
        let run = try store.beginRun(runStart("history"), liveness: liveness)
        let id = try store.begin(start("long@dataset=iris"), run: run, pipeline: "history")
        #expect(id > (open.last?.id ?? id), "numbers go on where they were")
    }

    @Test func anOlderProcessContinuesDuringMigration() throws {
        try copy("killed")
        // What a program of 0.1.0 does: it has read, has a compiled statement, and writes after the migration.
        let older = try connect()
        let insert = """
            INSERT INTO execution_rows (run_id, stage_id, attempt, started_at, queued_seconds, cpus, host, engine, key,
              base_key, command_id, log_path, token)
            SELECT run_id, stage_id, attempt + 1, started_at, queued_seconds, cpus, host, engine, key, base_key,
              command_id, log_path, token FROM execution_rows WHERE state = 'running' LIMIT 1
            """
        let finish = "UPDATE execution_rows SET state = 'failed', finished_at = 't', error = 'e', wall_seconds = 1 "
        let begun = try PreparedStatement(insert, in: older, isPersistent: true)
        let ended = try PreparedStatement(
            finish + "WHERE execution_id = :execution_id AND state = 'running'", in: older, isPersistent: true)
        let view = try PreparedStatement("SELECT * FROM executions", in: older, isPersistent: true)
        let rows = try view.all { $0.integer(0) }.count
        let newer = try project.store()
        try begun.run()
        try ended.run([("execution_id", older.lastInsertedRow)])
        #expect(try view.all { $0.integer(0) }.count == rows + 1)
        #expect(try newer.rows("SELECT count(*) FROM executions") == [[.integer(Int64(rows) + 1)]])
        #expect(try newer.health().problems.isEmpty)
    }

    @Test func aReaderKeepsItsSnapshot() throws {
        try copy("finished")
        let reader = try connect()
        try reader.execute("BEGIN")
        let before = try counts(of: reader)
        _ = try project.store()
        #expect(try counts(of: reader) == before)
        try reader.execute("COMMIT")
    }

    @Test func concurrentMigration() async throws {
        try copy("killed")
        let path = project.storePath
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try Store.open(path: path, access: number % 2 == 0 ? .read : .write).health().schemaVersion
                }
            }
            for try await version in group { #expect(version == Migrations.all.count) }
        }
    }

    /// The store is copied, the copy migrated and read; the original stays as it is.
    @Test(.enabled(if: SharingTests.canMount, "a read-only folder cannot be had here: root may not mount"))
    func aCopyIsMigratedInAReadOnlyFolder() throws {
        for name in Self.kept {
            try copy(name)
            let before = try project.files.map(project.bytes)
            try project.readOnly { () throws in
                let reader = try project.store(.read)
                #expect(try reader.health().schemaVersion == Migrations.all.count)
                #expect(try reader.rows("SELECT count(*) FROM executions WHERE submitted_at IS NOT NULL").count == 1)
            }
            #expect(try project.files.map(project.bytes) == before)
            for file in project.files { unlink("\(project.folder)/\(file)") }
        }
    }
}
