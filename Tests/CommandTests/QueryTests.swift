// `runs query`, `history`, `status`, `why`, `logs`: what they print, and what a query may not do.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct QueryTests {
    private func finished() throws -> TestProject {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "params": {"lr": 0.1}, "stages": {
              "train": {"matrix": {"data": ["a", "b"]}, "command": "echo \"{\\\"acc\\\": 0.5}\" > ${{ outputs.m }} # ${{ params.lr }}",
                        "outputs": {"m": {"path": "${{ matrix.data }}.json", "metrics": true}}},
              "sum": {"command": "cat a.json b.json > sum", "inputs": {"m": {"from": "train.m"}}, "outputs": ["sum"]}}}
            """#)
        let result = try project.runs("exec", "--jobs", "1")
        guard result.status == 0 else { throw HarnessError(result.story) }
        return project
    }

    @Test(arguments: ["box", "csv", "tsv", "json", "jsonl", "markdown", "line", "list"])
    func everyFormat(_ format: String) throws {
        let project = try finished()
        let result = try project.runs(
            "query", "--format", format, "select stage, state, exit_code, signal from executions order by execution_id")
        #expect(result.status == 0)
        try expectGolden(result.output, "query-\(format)")
    }

    @Test func parametersFilesAndStandardInput() throws {
        let project = try finished()
        let sql = "select count(*) as n from executions where stage = :stage"
        try project.write("q.sql", sql)
        for arguments in [[sql], ["--file", "q.sql"], ["-"]] {
            let result = try project.runs(["query", "-p", "stage=sum", "--format", "csv"] + arguments, input: sql)
            #expect(result.output == "n\n1\n", "\(result.story)")
        }
        #expect(try project.runs("query", sql).errorOutput.contains("-p stage=VALUE"))
    }

    /// Statements that would do more than read, or never end.
    @Test(arguments: [
        "delete from execution_rows", "insert into commands (command) values ('x')", "update run_rows set host = 'x'",
        "create table t (x)", "create temp table t (x)", "drop view runs", "attach 'other.db' as o",
        "vacuum into 'copy.db'", "vacuum",
        "pragma journal_mode = delete", "pragma user_version = 7", "select load_extension('x')", "select 1; select 2",
        "select 1; delete from runs", "begin", "", "/* nothing */",
        "with recursive r(x) as (select 1 union all select x + 1 from r) select count(*) from r",
        "select hex(zeroblob(1000000000))",
    ])
    func aQueryCanOnlyRead(_ sql: String) throws {
        let project = try finished()
        let before = Set(project.files(below: ".").keys.filter { !$0.contains(".runs/runs.db-") })
        let counts = try project.query("select count(*) as n from executions")
        let result = try project.runs("query", "--timeout", "500ms", sql)
        #expect(result.status == 2, "\(result.story)")
        #expect(result.errorOutput.hasPrefix("error: "))
        #expect(
            Set(project.files(below: ".").keys.filter { !$0.contains(".runs/runs.db-") }) == before, "no file is left")
        #expect(try project.query("select count(*) as n from executions") == counts)
    }

    /// One SQL function is never interrupted by SQLite itself.
    @Test(arguments: [
        "select instr(hex(zeroblob(30000000)), hex(zeroblob(10000000)) || '1')",
        "select stage, instr(hex(zeroblob(30000000)), hex(zeroblob(10000000)) || stage) from executions",
    ])
    func theTimeLimitHoldsWithinAFunction(_ sql: String) throws {
        let project = try finished()
        let result = try project.runs(["query", "--timeout", "200ms", sql], timeout: .seconds(30))
        #expect(result.status == 2, "\(result.story)")
        #expect(result.errorOutput.contains("took longer than 0.2 s"), "\(result.story)")
    }

    /// A pager that waits is not a query that takes long.
    @Test func waitingForAReaderIsNotTheQuerysTime() throws {
        let project = try finished()
        try project.shell(
            """
            '\(try RunsBinary.path())' query --timeout 1ms --format csv \
              "select printf('%.*c', 200000, 'x') as x" | { sleep 1; wc -c; } > count
            """)
        #expect(project.read("count")?.filter { !$0.isWhitespace } == "200003")
    }

    @Test(arguments: [
        "select zeroblob(2000000000)",
        "with recursive r(x) as (select 1 union all select x + 1 from r limit 1000) select group_concat(hex(zeroblob(100000))) from r",
        "select replace(hex(zeroblob(30000000)), '0', '0123456789')",
    ])
    func tooMuchMemoryIsAnError(_ sql: String) throws {
        let result = try finished().runs("query", sql)
        #expect(result.status == 2 && result.errorOutput.contains("more memory than it may use"), "\(result.story)")
    }

    @Test func predefinedQueriesRun() throws {
        let project = try finished()
        let listed = try JSON.lines(try project.runs("query", "--list", "--format", "jsonl").output)
        #expect(listed.count >= 6)
        for name in listed.compactMap({ $0["name"]?.text }) {
            let result = try project.runs("query", "--named", name)
            #expect(result.status == 0, "\(result.story)")
        }
        #expect(try project.runs("query", "--named", "slowst").errorOutput.contains("did you mean 'slowest'?"))
    }

    @Test func unknownViewsGetASuggestion() throws {
        let result = try finished().runs("query", "select * from execution")
        #expect(result.errorOutput.contains("'executions'"), "\(result.story)")
    }

    @Test func historyStatusWhyAndLogs() throws {
        let project = try finished()
        try expectGolden(
            try project.runs("history", "train", "--format", "csv").output, "history-csv",
            [.times, Normalisation { $0.replacing(#/(\d+\.\d+(e-\d+)?,){2}\d+,,/#) { _ in "WALL,CPU,MEMORY,," } }])
        let box = try project.runs("history", "train@data=a", "--format", "box").output
        #expect(box.contains("train@data=a") && box.contains(#/│ lr +│ acc +│/#) && box.contains("never_ran"))
        #expect(try project.runs("history", "s*", "--format", "jsonl").output.split(separator: "\n").count == 1)
        #expect(try project.runs("history", "trian").errorOutput.contains("did you mean 'train'?"))

        try project.write("a.json", "{}")
        try expectGolden(try project.runs("status", "--format", "csv").output, "status")
        try expectGolden(
            try project.runs("why", "train@data=a").output, "why",
            [Normalisation { $0.replacing(#/[0-9a-f]{8,}/#) { _ in "DIGEST" } }])
        try expectGolden(try project.runs("why", "sum", "--run", "1", "--format", "csv").output, "why-past")
        #expect(try project.runs("logs", "train").status == 0)
        #expect(try project.runs("logs", "sum", "--format", "csv").output == "stage,execution_id,line_number,line\n")
        #expect(try project.runs("why", "sum", "--run", "99").status == 2)
    }

    /// Skipped if this user may not mount.
    @Test(.enabled(if: canMount, "bind mounts are not allowed here"))
    func aReadOnlyFolderCanBeQueried() throws {
        let project = try finished()
        let mount = project.path("mnt")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        try #require(system("mount --bind '\(project.folder)' '\(mount)' && mount -o remount,ro,bind '\(mount)'") == 0)
        defer { _ = system("umount '\(mount)'") }
        #expect(try project.query("select count(*) as n from executions", in: "mnt")[0]["n"]?.integer == 3)
        for words in [["show"], ["diff", "1", "1"], ["best", "acc"], ["lineage", "sum"]] {
            let result = try project.runs(words, in: "mnt")
            #expect(result.status == 0, "\(result.story)")
        }
        #expect(try project.runs(["exec", "--force"], in: "mnt").status == 3)
    }

    @Test(arguments: [["query", "select 1"], ["history", "a"], ["status"], ["exec", "--force", "--output", "jsonl"]])
    func writeErrorsFail(_ arguments: [String]) throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": "true"}}}"#)
        #expect(try project.runs("exec").status == 0)
        let words = arguments.map { "'\($0)'" }.joined(separator: " ")
        try project.shell("'\(try RunsBinary.path())' \(words) > /dev/full 2> errors; echo $? > status")
        #expect(project.read("status") == "1\n")
        #expect((project.read("errors") ?? "").contains("No space left on device"), "\(project.read("errors") ?? "")")
    }

    @Test func oversizedResultsAreRejected() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": "true"}}}"#)
        #expect(try project.runs("exec").status == 0)
        let endless =
            "with recursive c(x) as (select 1 union all select x+1 from c) select x, printf('%.*c',1000000,'a') from c"
        for format in ["box", "markdown"] {
            let result = try project.runs("query", "--format", format, endless)
            #expect(
                result.status == 2 && result.errorOutput.contains("too large for --format"), "\(result.errorOutput)")
        }
        try project.shell("'\(try RunsBinary.path())' query - < /dev/zero > out 2>&1; echo $? > status")
        #expect(project.read("status") == "2\n" && (project.read("out") ?? "").contains("larger than 64 MiB"))
        // Every level doubles what must be compiled.
        let levels = (1..<24).map { "a\($0) as (select p.x from a\($0 - 1) p, a\($0 - 1) q)" }.joined(separator: ", ")
        let deep = try project.runs(
            "query", "with a0 as (select 1 x union all select 2), \(levels) select count(*) from a23")
        #expect(deep.status == 2 && deep.errorOutput.contains("more memory than it may use"), "\(deep.story)")
    }
}

private let canMount =
    system("d=$(mktemp -d) && mount -t tmpfs tmpfs $d 2>/dev/null && umount $d; r=$?; rmdir $d; exit $r") == 0
