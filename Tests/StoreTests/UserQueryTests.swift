// SQL of users: reading and nothing else. What is rejected leaves no trace.

import Model
import TestSupport
import Testing

@testable import Store

struct UserQueryTests {
    let project: Project
    let store: Store

    init() throws {
        project = try Project()
        let writer = try project.store()
        let run = try writer.beginRun(runStart(), liveness: liveness)
        let id = try writer.begin(
            start("a", params: [Param(name: "lr", value: .number("0.1"))]), run: run, pipeline: "p")
        try writer.finish(success(id))
        store = try project.store(.read)
    }

    @Test(arguments: [
        "ATTACH 'FOLDER/other.db' AS other",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "VACUUM",
        "VACUUM INTO 'FOLDER/other.db'",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 7",
        "PRAGMA writable_schema = ON",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA temp_store_directory = 'FOLDER'",
        "PRAGMA optimize",
        "PRAGMA integrity_check",
        "SELECT load_extension('FOLDER/x.so')",
        "SELECT writefile('FOLDER/other.txt', 'x')",
        "INSERT INTO names (name) VALUES ('x')",
        "INSERT INTO names (name) VALUES ('x') RETURNING name",
        "UPDATE execution_rows SET rejected = 1",
        "DELETE FROM execution_rows",
        "UPDATE sqlite_master SET sql = ''",
        "UPDATE sqlite_schema SET sql = '' WHERE 0",
        "REPLACE INTO names (name) VALUES ('x')",
        "WITH x AS (SELECT 1) DELETE FROM metric_points",
        "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        "CREATE TRIGGER t AFTER INSERT ON names BEGIN SELECT 1; END",
        "DROP TABLE names",
        "ALTER TABLE names ADD COLUMN x",
        "REINDEX",
        "ANALYZE",
        "BEGIN",
        "BEGIN EXCLUSIVE",
        "SAVEPOINT s",
        "EXPLAIN DELETE FROM names",
        "SELECT 1; DELETE FROM names",
        "SELECT 1; SELECT 2",
        "SELECT 1;; SELECT",
    ])
    func writingIsRejectedWithoutATrace(sql: String) throws {
        let files = project.files
        let bytes = try files.map(project.bytes)
        var rows = 0
        let typed = sql.split(separator: "FOLDER", omittingEmptySubsequences: false).joined(separator: project.folder)
        let refusal = sentence {
            try store.query(
                typed, bindings: [], limits: QueryLimits(timeoutSeconds: nil), onColumns: { _ in },
                onRow: { _ in
                    rows += 1; return true
                })
        }
        #expect(rows == 0)
        #expect(
            refusal.contains("may only read") || refusal.contains("one statement at a time")
                || refusal.contains("no such function: writefile")
                || refusal.contains("sqlite_master may not be modified"),
            "\(refusal)")
        #expect(project.files == files)
        #expect(try files.map(project.bytes) == bytes)
        #expect(try store.rows("SELECT count(*) FROM executions") == [[.integer(1)]], "the store can still be asked")
    }

    @Test(arguments: [
        ("SELECT 1", [TableValue.integer(1)]),
        ("SELECT 1;", [.integer(1)]),
        ("  -- why\n SELECT 1 ; -- because\n /* done */ ; ", [.integer(1)]),
        ("VALUES ('é', x'00ff', 1e300)", [.text("é"), .blob([0, 255]), .real(1e300)]),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT sum(x) FROM c",
            [.integer(15)]
        ),
        ("SELECT json_extract(value, '$') FROM params", [.real(0.1)]),
        ("SELECT name FROM pragma_table_info('runs') WHERE cid = 0", [.text("run_id")]),
        ("SELECT value FROM json_each('[7]')", [.integer(7)]),
        ("SELECT count(*) FROM (SELECT row_number() OVER () FROM executions)", [.integer(1)]),
    ])
    func readingIsAllowed(sql: String, row: [TableValue]) throws {
        #expect(try store.rows(sql) == [row])
    }

    @Test func schemasCanBeRead() throws {
        #expect(try store.rows("PRAGMA table_info(tags)").count == 5)
        #expect(try store.rows("EXPLAIN QUERY PLAN SELECT * FROM executions").isEmpty == false)
    }

    @Test(arguments: [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 0",
    ])
    func endlessQueriesAreInterrupted(sql: String) throws {
        let stopped = sentence {
            try store.query(
                sql, bindings: [], limits: QueryLimits(timeoutSeconds: 0.05), onColumns: { _ in }, onRow: { _ in true })
        }
        #expect(stopped.contains("took longer than 0.05 s"))
        #expect(try store.rows("SELECT 1") == [[.integer(1)]])
    }

    @Test func tooLargeValuesAreRejected() throws {
        var limits = QueryLimits(timeoutSeconds: nil)
        limits.lengthBytes = 1_000_000
        func ask(_ sql: String) throws {
            try store.query(sql, bindings: [], limits: limits, onColumns: { _ in }, onRow: { _ in true })
        }
        #expect(sentence { try ask("SELECT zeroblob(2000000)") }.contains("more memory than it may use"))
        #expect(
            sentence { try ask("SELECT replace(hex(zeroblob(400000)), '0', '0123456789')") }.contains("more memory"))
        #expect(
            try store.rows("SELECT length(zeroblob(2000000))") == [[.integer(2_000_000)]],
            "the limit is the query's own")
    }

    @Test func theReaderMayStop() throws {
        var seen = 0
        try store.query(
            "SELECT value FROM json_each('[1,2,3,4]')", bindings: [], limits: QueryLimits(timeoutSeconds: nil),
            onColumns: { #expect($0 == ["value"]) },
            onRow: { _ in
                seen += 1
                return seen < 2
            })
        #expect(seen == 2)
    }

    @Test func parametersAreBoundByNameAndType() throws {
        let bindings: [(name: String, value: String)] = [("i", "-7"), ("r", "1e3"), ("t", "007x"), ("e", "")]
        #expect(
            try store.rows("SELECT :i, @r, $t, :e, :i + 1", bindings) == [
                [.integer(-7), .real(1000), .text("007x"), .text(""), .integer(-6)]
            ])
        // Words that Swift takes for numbers are words here.
        let words: [(name: String, value: String)] = [("a", "nan"), ("b", "inf"), ("c", "0x10"), ("d", "infinity")]
        #expect(
            try store.rows("SELECT :a, :b, :c, :d", words) == [
                [.text("nan"), .text("inf"), .text("0x10"), .text("infinity")]
            ])
        #expect(sentence { _ = try store.rows("SELECT :x") }.contains("-p x=VALUE"))
        #expect(sentence { _ = try store.rows("SELECT ?1", [("1", "1")]) }.contains(":name"))
        #expect(sentence { _ = try store.rows("SELECT ?", []) }.contains(":name"))
        #expect(sentence { _ = try store.rows("SELECT 1", [("x", "1")]) }.contains("unknown parameter :x"))
    }

    @Test(arguments: [
        ("SELECT * FROM execution", "no such table: execution", "Did you mean the view 'executions'?"),
        ("SELECT * FROM zebra", "no such table: zebra", "The views are: runs, executions"),
        ("SELECT wall_second FROM executions", "no such column: wall_second", "Did you mean 'wall_seconds'?"),
        ("SELECT * FROM executions ORDER BY execution", "execution", "Did you mean 'execution_id'?"),
        ("SELECT x.run FROM inputs x", "x.run", "Did you mean 'run_id'?"),
        ("SELECT wall FROM latest", "wall", "Did you mean 'wall_seconds'?"),
        ("SELECT rss FROM executions", "rss", "Did you mean 'max_rss_bytes'?"),
        ("SELECT EXECUTIONID FROM Executions", "EXECUTIONID", "Did you mean 'execution_id'?"),
        ("SELECT sha256 FROM params", "sha256", "'sha256' is a column of inputs, outputs."),
        ("SELECT \"nope\", stag FROM runs r JOIN executions USING (run_id)", "stag", "Did you mean 'stage'?"),
        ("SELECT 1 FRM x y", "syntax error", "\n               ^"),
        ("SELECT 1,\n  'é', nope", "no such column: nope", "\n    'é', nope\n         ^"),
        ("", "no SQL", "select * from runs"),
        (" -- nothing\n", "no SQL", "select * from runs"),
        ("SELECT 1\u{0}; DELETE FROM names", "NUL", "Remove it"),
        ("SELECT 'x", "unrecognized token", "^"),
    ])
    func errorsShowTheirPlace(sql: String, message: String, help: String) throws {
        let message = sentence { _ = try store.rows(sql) }
        #expect(message.contains(message), "\(message)")
        #expect(message.contains(help), "\(message)")
    }

    /// SQLite takes a word in double quotes for text if no column has that name.
    @Test(arguments: [
        ("SELECT stage FROM executions ORDER BY \"execution\"", ["\"execution\" is not a column", "'execution_id'"]),
        ("SELECT stage FROM executions WHERE stage = \"zebra\"", ["\"zebra\" is not a column", "single quotes"]),
        ("SELECT \"stage\" FROM executions", []), ("SELECT '\"x\"' FROM executions", []),
    ])
    func namesThatAreReadAsTextAreReported(sql: String, pieces: [String]) throws {
        var warnings: [String] = []
        var rows = 0
        try store.query(
            sql, bindings: [], limits: QueryLimits(timeoutSeconds: nil), onWarning: { warnings.append($0) },
            onColumns: { _ in },
            onRow: { _ in
                rows += 1
                return true
            })
        #expect(warnings.count == (pieces.isEmpty ? 0 : 1))
        for piece in pieces { #expect(warnings.first?.contains(piece) ?? false, "\(warnings)") }
        #expect(rows == (sql.contains("zebra") ? 0 : 1))
    }

    @Test func invalidSQLIsAUsageError() throws {
        do {
            _ = try store.rows("SELEC 1")
            Issue.record("it was taken")
        } catch let failure as Failure {
            #expect(failure.kind == .usage)
        }
    }
}
