// Stages that fail, take too long, or are stopped: what is recorded, and what runs next.

import Glibc
import TestSupport
import Testing

@Suite struct FailureTests {
    private func project(_ stages: String, extra: String = "") throws -> TestProject {
        try TestProject(stages: stages, extra: extra)
    }

    @Test func aFailedStageBlocksItsDependents() throws {
        let project = try project(
            #"""
            "a": {"command": "echo from a; test -e ok && echo x > a.txt", "outputs": ["a.txt"]},
            "b": {"command": "cp a.txt b.txt", "inputs": ["a.txt"], "outputs": ["b.txt"]}
            """#)
        let failed = try project.runs("exec")
        #expect(failed.status == 1)
        #expect(failed.errorOutput.contains("from a"), "the end of the log is shown")
        #expect(failed.errorOutput.contains("runs logs a"), "the command that shows the rest is shown")
        #expect(try project.runs("logs", "a").output == "from a\n")
        #expect(
            try project.query("select stage, verdict, subject from decisions where run_id = 1 order by stage") == [
                ["stage": .text("a"), "verdict": .text("run"), "subject": .null],
                ["stage": .text("b"), "verdict": .text("blocked"), "subject": .text("a")],
            ])
        try project.write("ok", "")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a", "b"])
        #expect(
            try project.query("select reason from decisions where run_id = 2 and stage = 'a'")[0]["reason"]?.text
                == "last_failed")
    }

    /// A command, and the expected state of its execution.
    @Test(
        arguments: [
            ("exit 0", "succeeded", 0, nil), ("exit 3", "failed", 3, nil), ("exit 255", "failed", 255, nil),
            ("kill -SEGV $$", "failed", nil, 11), ("kill -KILL $$", "failed", nil, 9), ("exit 137", "failed", 137, nil),
        ] as [(String, String, Int?, Int?)])
    func finalStatesAreRecorded(_ command: String, _ state: String, _ code: Int?, _ signal: Int?) throws {
        let project = try project(#""a": {"command": "\#(command)"}"#)
        #expect(try project.runs("exec").status == (state == "succeeded" ? 0 : 1))
        let row = try #require(try project.query("select state, exit_code, signal from executions").first)
        #expect(row["state"]?.text == state)
        #expect(row["exit_code"]?.integer == code)
        #expect(row["signal"]?.integer == signal)
    }

    @Test func aMissingOutputIsAFailure() throws {
        let project = try project(#""a": {"command": ["true"], "outputs": {"model": "models/m.bin"}}"#)
        #expect(try project.runs("exec").status == 1)
        #expect(
            try project.query("select state, exit_code, error from executions") == [
                [
                    "state": .text("failed"), "exit_code": .number(0),
                    "error": .text("the command exited with 0 but did not make its output 'models/m.bin'"),
                ]
            ])
    }

    @Test func aMissingProgramIsAFailure() throws {
        let project = try project(#""a": {"command": ["no-such-program"]}"#)
        #expect(try project.runs("exec").status == 1)
        let error = try project.query("select error from executions")[0]["error"]?.text ?? ""
        #expect(error == "no-such-program: command not found")
    }

    @Test func aTimeoutStopsEvenAStageThatIgnoresTerm() throws {
        let project = try project(
            #""a": {"command": "trap '' TERM; while :; do sleep 0.05; done", "timeout": "300ms"}"#)
        #expect(try project.runs("exec", "--grace", "200ms").status == 1)
        #expect(
            try project.query("select state, signal from executions") == [
                ["state": .text("timed_out"), "signal": .number(9)]
            ])
    }

    @Test func retriesAreAttemptsOfOneRun() throws {
        let project = try project(
            #"""
            "a": {"command": "echo $RUNS_ATTEMPT >> tries; test $RUNS_ATTEMPT = 3",
                  "retries": {"max": 2, "delay": "10ms"}}
            """#)
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("tries") == "1\n2\n3\n")
        #expect(
            try project.query("select attempt, state from executions order by attempt").map { $0["state"]?.text }
                == ["failed", "failed", "succeeded"])
    }

    @Test func retriesAreByCause() throws {
        let project = try project(
            #""a": {"command": "exit 3", "retries": {"max": 2, "on": ["timed_out"]}}"#)
        #expect(try project.runs("exec").status == 1)
        #expect(try project.query("select count(*) as n from executions")[0]["n"]?.integer == 1)
    }

    @Test func keepGoingRunsIndependentStages() throws {
        let stages =
            #""a": {"command": "exit 1"}, "b": {"command": "true", "needs": ["a"]}, "c": {"command": "true"}, "d": {"command": "true", "needs": ["c"]}"#
        let project = try project(stages)
        #expect(try project.runs("exec", "--keep-going", "--jobs", "1").status == 1)
        #expect(try project.executedStages() == ["a", "c", "d"])
    }

    /// One signal stops the stages; the run is recorded as interrupted and no process is left.
    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func aSignalStopsTheRun(_ signal: Int32, _ status: Int32) throws {
        let project = try project(
            #""a": {"command": "echo $$ > pid; sleep 1000 & wait"}, "b": {"command": "true", "needs": ["a"]}"#)
        let command = try project.start(["exec", "--grace", "5s"])
        try wait(for: "the stage to start") { project.read("pid")?.hasSuffix("\n") ?? false }
        command.send(signal)
        let result = try command.finish()
        #expect(result.status == status, "\(result.story)")
        #expect(try project.query("select state from executions") == [["state": .text("interrupted")]])
        #expect(try project.query("select status from runs") == [["status": .text("interrupted")]])
        let pid = try #require(project.read("pid").flatMap { pid_t($0.dropLast()) })
        #expect(kill(pid, 0) != 0 && errno == ESRCH, "the stage is gone")
        #expect(try project.runs("why", "a", "--run", "1").status == 0)
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "true"}, "b": {"command": "true", "needs": ["a"]}}}"#)
        #expect(try project.runs("exec").status == 0)
    }

    @Test func aSecondSignalKills() throws {
        let project = try project(#""a": {"command": "trap '' TERM INT; echo $$ > pid; while :; do sleep 0.05; done"}"#)
        let command = try project.start(["exec", "--grace", "1h"])
        try wait(for: "the stage to start") { project.read("pid")?.hasSuffix("\n") ?? false }
        command.send(SIGINT)
        try command.read(until: { $0.errorOutput.contains("INT: ") }, "it said that it stops")
        command.send(SIGINT)
        #expect(try command.finish().status == 130)
        #expect(
            try project.query("select state, signal from executions") == [
                ["state": .text("interrupted"), "signal": .number(9)]
            ])
    }

    @Test func theNextRunRecoversFromKill() throws {
        let project = try project(
            #""a": {"command": "echo $$ > pid; test -e ok || sleep 1000; echo done > a.txt", "outputs": ["a.txt"]}"#)
        let command = try project.start(["exec"])
        try wait(for: "the stage to start") { project.read("pid")?.hasSuffix("\n") ?? false }
        command.send(SIGKILL)
        _ = try command.finish()
        try project.write("ok", "")
        #expect(try project.runs("exec").status == 0)
        #expect(
            try project.query("select state from executions order by execution_id")
                == [["state": .text("lost")], ["state": .text("succeeded")]])
        #expect(
            try project.query("select status from runs order by run_id").map { $0["status"]?.text } == [
                "lost", "succeeded",
            ])
    }

    @Test func aFailedRerunKeepsThePreviousOutputs() throws {
        let project = try project(
            #""train": {"command": "cat data > model; test $(cat data) != bad", "inputs": ["data"], "outputs": ["model"]}"#
        )
        try project.write("data", "good")
        #expect(try project.runs("exec").status == 0)
        try project.write("data", "bad")
        #expect(try project.runs("exec").status == 1)
        try project.write("data", "good")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == [])
        #expect(project.read("model") == "good")
    }

    @Test func enforcedMemoryKillsAndRetriesWithMore() throws {
        let project = try project(
            #"""
            "a": {"command": ["python3", "-c", "import time; x = bytearray(150_000_000); open('out', 'w').write('x'); time.sleep(1 if __import__('os').environ['RUNS_ATTEMPT'] == '2' else 60)"],
                  "outputs": ["out"], "resources": {"memory": "100MB"}, "retries": {"max": 1, "on": ["out_of_memory"], "memory": "x4"}}
            """#)
        let result = try project.runs("exec", "--enforce-memory")
        #expect(result.status == 0, "\(result.story)")
        let rows = try project.query(
            "select state, memory_bytes, max_rss_bytes > 100000000 as large from executions order by attempt")
        #expect(
            rows == [
                ["state": .text("out_of_memory"), "memory_bytes": .number(100_000_000), "large": .number(1)],
                ["state": .text("succeeded"), "memory_bytes": .number(400_000_000), "large": .number(1)],
            ])
    }

    @Test func leftoverProcessesAreKilledAndNoted() throws {
        let project = try project(
            #""a": {"command": "(setsid sh -c 'echo $$ > pid; exec sleep 1000' &); while ! test -s pid; do sleep 0.01; done; echo a > a", "outputs": ["a"]}"#
        )
        #expect(try project.runs("exec").status == 0)
        #expect(
            try project.query("select note from executions")[0]["note"]?.text?.contains("1 leftover process was ended")
                ?? false)
        let pid = try #require(project.read("pid").flatMap { pid_t($0.dropLast()) })
        #expect(kill(pid, 0) != 0 && errno == ESRCH)
    }

    @Test func anInputThatChangesWhileItsStageRunsNeverCountsAsFresh() throws {
        let project = try project(
            #""a": {"command": "cat in > out; echo more >> in", "inputs": ["in"], "outputs": ["out"]}"#)
        try project.write("in", "x")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.query("select inputs_changed_during_run as c from executions")[0]["c"]?.integer == 1)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a"])
    }

    @Test func anInvalidMetricsFileIsAFailure() throws {
        let project = try project(
            #""a": {"command": "echo nonsense > m", "outputs": {"m": {"path": "m", "metrics": true}}}"#)
        #expect(try project.runs("exec").status == 1)
        #expect(try project.query("select error from executions")[0]["error"]?.text?.contains("'m'") ?? false)
    }

    /// Resource limits (`ulimit`) are reported as errors, and the store stays intact.
    @Test(arguments: ["-f 100", "-n 6", "-n 8", "-n 10", "-n 12"])
    func resourceLimitsAreReported(_ limit: String) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"a": {"command": "echo > a", "outputs": ["a"]}}}"#)
        let command = "ulimit \(limit); exec \(try RunsBinary.path()) exec"
        try project.shell("bash -c '\(command)' > out 2>&1; echo $? > status")
        #expect(project.read("status") == "3\n", "\(project.read("out") ?? "")")
        #expect((project.read("out") ?? "").contains("error: "), "\(project.read("out") ?? "")")
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
    }
}
