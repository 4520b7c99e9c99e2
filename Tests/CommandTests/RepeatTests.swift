// `exec --repeat` and `--benchmark`: how often stages are executed, how repeats are recorded, and what is printed.

import Glibc
import TestSupport
import Testing

@Suite struct RepeatTests {
    private func project(_ b: String = "cp a b; echo $RUNS_EXECUTION_ID >> trace", extra: String = "") throws
        -> TestProject
    {
        let project = try TestProject()
        try project.write("in", "1")
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]},
              "b": {"command": "\#(b)", "inputs": ["a"], "outputs": ["b"]\#(extra)},
              "c": {"command": "cp b c", "inputs": ["b"], "outputs": ["c"]}}}
            """#)
        return project
    }

    private func executions(_ project: TestProject) throws -> [String] {
        try project.query(
            "select run_id || ' ' || stage || ' ' || attempt || ' ' || coalesce(repetition, '-') || ' ' || state as t from executions order by execution_id"
        )
        .compactMap { $0["t"]?.text }
    }

    @Test func onlyNamedStagesAreRepeated() throws {
        let project = try project()
        let result = try project.runs("exec", "b", "--repeat", "3")
        #expect(result.status == 0, "\(result.story)")
        #expect(
            try executions(project) == [
                "1 a 1 - succeeded", "1 b 1 1 succeeded", "1 b 1 2 succeeded", "1 b 1 3 succeeded",
            ])
        #expect(result.errorOutput.contains("[1/2] b: repeat 2 of 3 started (forced)"), "\(result.story)")
        #expect(result.errorOutput.contains("p: 2 succeeded in"), "stages are counted, not executions: \(result.story)")
        #expect(
            result.output.contains(
                #/^\[BENCH\] b: 3 repeats, min \d\.\d{3}s, median \d\.\d{3}s, max \d\.\d{3}s, peak memory: [\d.]+ .?B\n$/#
            ), "\(result.story)")
        #expect(try project.query("select stages_executed as n from runs")[0]["n"]?.integer == 2)
        #expect(
            try project.query("select executions as n from stage_stats where stage = 'b'")[0]["n"]?.integer == 1,
            "the first counts")
        #expect(try project.query("select count(distinct log_path) as n from executions")[0]["n"]?.integer == 4)

        #expect(
            try project.runs("exec", "b").errorOutput.contains("all 2 stages fresh"),
            "the last repeat is what is there now")
        #expect(try project.runs("exec", "b", "--repeat", "2").status == 0)
        #expect(
            try executions(project).suffix(2) == ["3 b 1 1 succeeded", "3 b 1 2 succeeded"], "fresh or not; a is fresh")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["c"])
    }

    @Test func withoutNamesEverythingRepeats() throws {
        let project = try project()
        let result = try project.runs("exec", "--repeat", "2", "--output", "quiet")
        #expect(result.status == 0 && result.errorOutput.isEmpty, "\(result.story)")
        #expect(
            result.output.split(separator: "\n").map { $0.prefix(10) } == ["[BENCH] a:", "[BENCH] b:", "[BENCH] c:"])
        #expect(try executions(project).count == 6)
    }

    @Test func retriesBelongToOneRepetition() throws {
        let project = try project("cp a b; test $RUNS_ATTEMPT = 2", extra: #", "retries": 1"#)
        #expect(try project.runs("exec", "b", "--repeat", "2").status == 0)
        #expect(
            try executions(project).dropFirst() == [
                "1 b 1 1 failed", "1 b 2 1 succeeded", "1 b 1 2 failed", "1 b 2 2 succeeded",
            ])
        #expect(try project.query("select count(distinct log_path) as n from executions")[0]["n"]?.integer == 5)
    }

    @Test func aFailureEndsTheRepeats() throws {
        let project = try project("cp a b; echo x >> trace; test $(wc -l < trace) -lt 2")
        let result = try project.runs("exec", "b", "c", "--repeat", "3")
        #expect(result.status == 1)
        #expect(try executions(project).filter { $0.contains(" b ") } == ["1 b 1 1 succeeded", "1 b 1 2 failed"])
        #expect(result.output.contains("[BENCH] b: 1 repeat, "), "\(result.story)")
        #expect(result.errorOutput.contains("1 failed, 1 blocked"), "\(result.story)")
    }

    @Test func anInterruptionEndsTheRepeats() throws {
        let project = try project("cp a b; touch started; if test -e once; then sleep 1000; fi; touch once")
        let command = try project.start(["exec", "b", "--repeat", "5"])
        try wait(for: "the second repeat") { project.exists("once") && (try? executions(project).count) == 3 }
        command.send(SIGINT)
        #expect(try command.finish().status == 130)
        #expect(try executions(project).dropFirst() == ["1 b 1 1 succeeded", "1 b 1 2 interrupted"])
    }

    /// The previous version is kept, not displaced by outputs of repeats.
    @Test func repeatsDoNotDisplaceKeptVersions() throws {
        let project = try project()
        #expect(try project.runs("exec").status == 0)
        try project.write("in", "2")
        #expect(try project.runs("exec", "--repeat", "3").status == 0)
        try project.write("in", "1")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == [], "all three were put back")
        #expect(project.read("c") == "1")
    }

    @Test func jsonLinesHaveTheRepetition() throws {
        let result = try project().runs("exec", "b", "--repeat", "2", "--output", "jsonl")
        let events = try JSON.lines(result.output).filter { $0["event"]?.text?.hasPrefix("stage_") ?? false }
        #expect(
            events.map { "\($0["event"]?.text ?? "") \($0["stage"]?.text ?? "") \($0["repetition"]?.integer ?? 0)" }
                == [
                    "stage_started a 0", "stage_finished a 0", "stage_started b 1", "stage_finished b 1",
                    "stage_started b 2",
                    "stage_finished b 2",
                ])
    }

    @Test func theTimeLeftCountsEveryRepeat() throws {
        let project = try project()
        try project.runs("exec", "b")
        try project.changeStore("update execution_rows set wall_seconds = 10")
        let result = try project.runs("exec", "b", "--repeat", "3", "--jobs", "1", "--output", "jsonl")
        #expect(try JSON.lines(result.output).first?["expected_seconds"]?.number == 30, "\(result.story)")
    }

    @Test func frozenStagesCannotBeRepeated() throws {
        let project = try project(extra: #", "frozen": true"#)
        #expect(try project.runs("exec", "--repeat", "0").status == 2)
        #expect(try project.runs("exec", "b", "--repeat", "2").errorOutput.contains("is frozen"))
        #expect(!project.exists(".runs/runs.db"))
    }

    @Test(
        arguments: [(["exec", "--keep-going", "--benchmark"], [:]), (["exec", "--keep-going"], ["BENCHMARK": "1"])]
            as [([String], [String: String])])
    func aBenchLineFollowsTheEndOfEveryAttempt(_ arguments: [String], _ environment: [String: String]) throws {
        let project = try project("exit 3", extra: #", "retries": 1"#)
        let result = try project.runs(arguments, environment: environment)
        let lines = result.errorOutput.split(separator: "\n").filter { $0.hasPrefix("[BENCH] ") }
        #expect(lines.count == 3, "\(result.story)")
        #expect(lines.first?.contains(#/^\[BENCH\] a: \d\.\d{3}s, peak memory: [\d.]+ .?B$/#) ?? false, "\(lines)")
        #expect(lines.last?.hasSuffix("(failed)") ?? false, "\(lines)")
        #expect(try project.runs("exec").errorOutput.contains("[BENCH]") == false)
    }
}
