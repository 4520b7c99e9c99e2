// The predefined queries, on stores whose figures were set to known values: that they run and return the right rows.

import TestSupport
import Testing

@Suite struct CannedQueryTests {
    private func project(_ stages: String) throws -> TestProject { try TestProject(stages: stages) }

    /// The rows of the given columns, each with its cells joined.
    private func rows(_ project: TestProject, _ query: String, _ columns: [String], _ parameters: String...) throws
        -> [String]
    {
        let result = try project.runs(
            ["query", "--format", "jsonl", "--named", query] + parameters.flatMap { ["-p", $0] })
        guard result.status == 0 else { throw HarnessError(result.story) }
        return try JSON.lines(result.output).map { row in
            columns.map { column in
                switch row[column] {
                case .text(let text)?: text
                case .number(let number)?: number == number.rounded() ? "\(Int(number))" : "\(number)"
                case .null?: "-"
                default: "no column \(column)"
                }
            }.joined(separator: " ")
        }
    }

    /// One stage without inputs, executed several times.
    private func repeated(_ count: Int, _ command: String = "echo a > a") throws -> TestProject {
        let project = try project(
            #""a": {"command": "\#(command)", "outputs": ["a"], "resources": {"cpus": 2, "memory": "1GiB"}}"#)
        for _ in 0..<count { _ = try project.runs("exec", "--force") }
        return project
    }

    @Test func namesAreHyphenated() throws {
        let listed = try JSON.lines(try project("").runs("query", "--list", "--format", "jsonl").output)
        let names = listed.compactMap { $0["name"]?.text }
        for name in [
            "slowest", "flaky", "regressions", "wasted", "right-size", "critical-path", "nondeterministic",
            "cache-savings",
            "cost", "last-failures",
        ] {
            #expect(names.contains(name), "\(name)")
        }
        #expect(!names.contains { $0.contains("_") })
        #expect(listed.allSatisfy { ($0["description"]?.text?.count ?? 999) < 130 }, "one sentence each")
    }

    @Test func regressions() throws {
        let project = try repeated(7)
        let columns = ["stage", "figure", "value", "median", "mad", "earlier", "ratio", "execution_id"]
        try project.changeStore(
            """
            update execution_rows set wall_seconds = 9 + execution_id % 3, max_rss_bytes = 100000000;
            update execution_rows set wall_seconds = 20 where execution_id = 7
            """)
        #expect(try rows(project, "regressions", columns) == ["a wall_seconds 20 10 1 6 2 7"])
        try project.changeStore("update execution_rows set wall_seconds = 12 where execution_id = 7")
        #expect(try rows(project, "regressions", columns) == [], "10 + 3.5 · 1.4826 · 1 is more")
        try project.changeStore("update execution_rows set max_rss_bytes = 130000000 where execution_id = 7")
        #expect(try rows(project, "regressions", columns) == [], "less than the floor of 32 MiB")
        try project.changeStore("update execution_rows set max_rss_bytes = 140000000 where execution_id = 7")
        #expect(try rows(project, "regressions", columns) == ["a max_rss_bytes 140000000 100000000 0 6 1.4 7"])
        try project.changeStore("update execution_rows set rejected = 1 where execution_id in (5, 6)")
        #expect(try rows(project, "regressions", columns) == [], "four are no history")
    }

    @Test func wasted() throws {
        let project = try repeated(3)
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"a": {"command": "echo b > a; exit 1", "outputs": ["a"]}}}"#)
        _ = try project.runs("exec")
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"a": {"command": "echo c > a", "outputs": ["a"]}}}"#)
        _ = try project.runs("exec")
        try project.changeStore(
            "update execution_rows set wall_seconds = 3600 * execution_id, gpus = 0.5, user_cpu_seconds = 1800, system_cpu_seconds = 1800"
        )
        #expect(
            try rows(project, "wasted", ["kind", "stage", "executions", "wall_hours", "cpu_hours", "gpu_hours"]) == [
                "identical outputs a 2 5 2 2.5", "failed a 1 4 1 2",
            ])
    }

    @Test func rightSize() throws {
        let project = try repeated(3)
        let columns = ["stage", "resource", "requested", "executions", "ask_for"]
        try project.changeStore(
            """
            update execution_rows set max_rss_bytes = 100000000 + execution_id, wall_seconds = 10, user_cpu_seconds = 6,
              system_cpu_seconds = 1, gpus = 2, gpu_mean_utilization = 0.3
            """)
        #expect(
            try rows(project, "right-size", columns) == [
                #"a cpus 2 3 "cpus": 1"#, #"a gpus 2 3 "gpus": 1"#, #"a memory 1073741824 3 "memory": "128MiB""#,
            ])
        try project.changeStore(
            "update execution_rows set gpus = 1, gpu_mean_utilization = 0.1, gpu_peak_bytes = 75161927680")
        #expect(
            try !rows(project, "right-size", columns).contains { $0.hasPrefix("a gpus") },
            "a GPU that is hardly busy may be full all the same")
        try project.changeStore("update execution_rows set gpus = 2")
        #expect(
            try rows(project, "right-size", columns).contains(#"a gpus 2 3 "gpus": 1 if 71680 MiB of GPU memory fit"#))
        try project.changeStore("update execution_rows set gpu_peak_bytes = null")
        try project.changeStore(
            "update execution_rows set max_rss_bytes = 850000000, user_cpu_seconds = 15, gpu_mean_utilization = 0.9")
        #expect(try rows(project, "right-size", columns) == [], "all is as it should be")
        try project.changeStore("update execution_rows set memory_bytes = null")
        #expect(
            try rows(project, "right-size", columns) == [#"a memory - 3 "memory": "1024MiB""#], "what asks for nothing")
    }

    @Test func criticalPath() throws {
        let project = try project(
            #"""
            "slow": {"command": "mkdir s; echo 1 > s/x; test -e again || ! touch again", "outputs": ["s"], "retries": 1},
            "quick": {"command": "echo 2 > q", "outputs": ["q"]},
            "join": {"command": "cat s/x q > j", "inputs": ["s/x", "q"], "outputs": ["j"]},
            "aside": {"command": "cp q r", "inputs": ["q"], "outputs": ["r"]}
            """#)
        let first = try project.runs("exec", "--jobs", "1")
        #expect(first.status == 0, "\(first.story)")
        try project.changeStore(
            """
            update execution_rows set finished_at = '2026-01-01T00:00:0' || CASE
                WHEN stage_id = (select stage_id from stages where name = 'slow') THEN attempt * 2
                WHEN stage_id = (select stage_id from stages where name = 'join') THEN 7
                WHEN stage_id = (select stage_id from stages where name = 'quick') THEN 1 ELSE 3 END || '.000000Z',
              wall_seconds = 2; update run_rows set wall_seconds = 8
            """)
        let columns = ["step", "stage", "attempt", "state", "share_of_run"]
        let path = ["1 join 1 succeeded 0.25", "2 slow 2 succeeded 0.25", "3 slow 1 failed 0.25"]
        #expect(try rows(project, "critical-path", columns) == path)
        _ = try project.runs("exec", "--force", "aside", "--jobs", "1")
        #expect(
            try rows(project, "critical-path", ["step", "stage"]) == ["1 aside"],
            "what this run did not make is not waited for")
        #expect(try rows(project, "critical-path", columns, "run=1") == path)
        #expect(try rows(project, "critical-path", columns, "run=99") == [])
    }

    /// A file inside a folder that a stage made, and a folder that holds a file that one made.
    @Test func criticalPathThroughFolders() throws {
        let project = try project(
            #"""
            "folder": {"command": "mkdir -p d; echo 1 > d/x", "outputs": ["d"]},
            "file": {"command": "cp d/x e", "inputs": ["d/x"], "outputs": ["e"]},
            "part": {"command": "mkdir -p p; cp e p/one", "inputs": ["e"], "outputs": ["p/one"]},
            "whole": {"command": "ls p > f", "inputs": ["p"], "outputs": ["f"]}
            """#)
        #expect(try project.runs("exec").status == 0)
        #expect(try rows(project, "critical-path", ["stage"]) == ["whole", "part", "file", "folder"])
    }

    @Test func nondeterministic() throws {
        let project = try repeated(3, "head -c 8 /dev/urandom > a")
        #expect(
            try rows(
                project, "nondeterministic",
                ["stage", "path", "versions", "executions", "first_execution", "last_execution"])
                == ["a a 3 3 1 3"])
        _ = try project.runs("reject", "2", "3", "--reason", "odd")
        #expect(try rows(project, "nondeterministic", ["stage"]) == [])
        #expect(try rows(repeated(2), "nondeterministic", ["stage"]) == [])
    }

    @Test func cacheSavings() throws {
        let project = try project(
            #""a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]}, "b": {"command": "true"}"#)
        for text in ["one", "two", "one", "one", "one"] {
            try project.write("in", text)
            #expect(try project.runs("exec", "a").status == 0)
        }
        try project.changeStore(
            "update execution_rows set wall_seconds = 3600 * execution_id, user_cpu_seconds = 900, system_cpu_seconds = 0, gpus = 2"
        )
        #expect(
            try rows(
                project, "cache-savings",
                ["stage", "times_fresh", "times_restored", "wall_hours", "cpu_hours", "gpu_hours"])
                == ["a 2 1 3 0.75 6"])
    }

    @Test func cost() throws {
        let project = try repeated(3)
        // A Sunday, the Monday after it, and a Wednesday.
        for (id, day) in [(1, "2026-03-01"), (2, "2026-03-02"), (3, "2026-03-04")] {
            try project.changeStore(
                "update execution_rows set started_at = '\(day)T23:59:59.000000Z' where execution_id = \(id)")
        }
        try project.changeStore(
            "update execution_rows set wall_seconds = 1800, user_cpu_seconds = 3600, system_cpu_seconds = 1800, gpus = 0.5"
        )
        #expect(
            try rows(project, "cost", ["week", "stage", "executions", "wall_hours", "cpu_hours", "gpu_hours"]) == [
                "2026-03-02 a 2 1 3 0.5", "2026-02-23 a 1 0.5 1.5 0.25",
            ])
    }

    @Test func flakyAndLastFailuresAndSlowest() throws {
        let project = try repeated(3, "echo a > a; test ! -e broken")
        try project.write("broken", "")
        for _ in 0..<2 { _ = try project.runs("exec", "--force") }
        #expect(try rows(project, "flaky", ["stage", "successes", "failures"]) == ["a 3 2"])
        #expect(
            try rows(project, "last-failures", ["execution_id", "state", "error"]) == [
                "5 failed exit code 1", "4 failed exit code 1",
            ])
        try project.changeStore("update execution_rows set wall_seconds = execution_id")
        #expect(
            try rows(project, "slowest", ["stage", "executions", "failures", "wall_seconds_p50", "wall_seconds_max"])
                == ["a 5 2 2 3"])
    }
}
