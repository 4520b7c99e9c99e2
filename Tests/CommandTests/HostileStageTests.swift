// Stages that create unusual files where the program reads: it must not hang, fail permanently, or lose outputs.

import Glibc
import TestSupport
import Testing

@Suite struct HostileStageTests {
    private func project(_ stages: String) throws -> TestProject {
        try TestProject(stages: stages, extra: #""params": {"v": 1},"#)
    }

    @Test func aKeptVersionThatWasChangedIsNotPutBack() throws {
        let project = try project(#""a": {"command": "echo ${{ params.v }} > o", "outputs": ["o"]}"#)
        try project.runs("exec")
        try project.runs("exec", "--set", "v=2")
        try project.write(".runs/kept/1/o", "tampered")
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        #expect(try project.executedStages() == ["a"])
        #expect(project.read("o") == "1\n")
        #expect(
            try project.query("select attempt from executions order by execution_id desc limit 1")[0]["attempt"]?
                .integer == 1)
    }

    @Test(arguments: [
        "rm -f $RUNS_METRICS; mkfifo $RUNS_METRICS", "ln -sf /dev/zero $RUNS_METRICS", "mkdir $RUNS_METRICS",
    ])
    func unusualMetricsFilesAreHandled(_ command: String) throws {
        let project = try project(#""a": {"command": "\#(command)"}"#)
        let result = try project.runs(["exec"], timeout: .seconds(20))
        #expect(result.status == 0, "\(result.story)")
    }

    /// What a failed stage leaves at its output, and what the user replaces it with.
    @Test(arguments: ["ln -sfn o o", "mkfifo o", "ln -s nowhere o"])
    func anUnreadableOutputIsMovedByTheNextRun(_ command: String) throws {
        let project = try project(
            #""a": {"command": "\#(command)", "outputs": ["o"]}, "b": {"command": "echo b > b", "outputs": ["b"]}"#)
        #expect(try project.runs("exec", "--keep-going").status == 1)
        #expect(project.read("b") == "b\n")
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"a": {"command": "echo good > o", "outputs": ["o"]}}}"#)
        #expect(try project.runs("status").status == 0)
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("o") == "good\n")
    }

    @Test func anUnreadableInputFailsOnlyItsStage() throws {
        let project = try project(
            #""a": {"command": "cat f", "inputs": ["f"]}, "b": {"command": "echo b > b", "outputs": ["b"]}"#)
        #expect(mkfifo(project.path("f"), 0o600) == 0)
        let result = try project.runs("exec")
        #expect(result.status == 2)
        #expect(result.errorOutput.contains("'a'") && result.errorOutput.contains("'f'"), "\(result.story)")
        #expect(try project.runs("status").status == 0)
        #expect(try project.runs("exec", "b").status == 0)
    }

    @Test func aStageThatKillsItsParentIsRecordedAsLost() throws {
        let project = try project(
            #""a": {"command": "kill -9 $PPID; sleep 1000"}, "b": {"command": "true", "needs": ["a"]}"#)
        let result = try project.runs("exec")
        #expect(result.status == 1, "\(result.story)")
        #expect(try project.query("select state from executions") == [["state": .text("lost")]])
        #expect(try project.query("select status from runs") == [["status": .text("failed")]])
    }

    @Test func ctrlBackslashEndsEverythingAtOnce() throws {
        let project = try project(#""a": {"command": "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done"}"#)
        let command = try project.start(["exec", "--grace", "1h"])
        try wait(for: "the stage to start") { project.read("pid")?.hasSuffix("\n") ?? false }
        command.send(SIGQUIT)
        #expect(try command.finish().status == 131)
        #expect(try project.query("select state from executions") == [["state": .text("interrupted")]])
    }

    @Test func onlyNamesTheStageThatWouldMakeWhatIsMissing() throws {
        let project = try project(
            #""a": {"command": "echo > a", "outputs": ["a"]}, "b": {"command": "cp a b", "inputs": ["a"], "outputs": ["b"]}"#
        )
        let result = try project.runs("exec", "b", "--only")
        #expect(result.status == 2)
        #expect(result.errorOutput.contains("stage 'a' makes it: run that first"), "\(result.story)")
    }

    @Test func escapesNeverReachATerminalRaw() throws {
        let project = try TestProject()
        try project.write(
            "bad.json", "{\"params_file\": \"\\u001b]0;pwn\\u0007x\", \"stages\": {\"a\": {\"command\": \"true\"}}}")
        try project.write(
            "pipeline.json",
            #"{"stages": {"a": {"command": "printf '\\033[2J\\007'; echo '{\"\\u001b[2J\": 1}' > $RUNS_METRICS; exit 3"}}}"#
        )
        for arguments in [
            ["exec", "bad.json"], ["exec"], ["logs", "a"], ["history", "a"],
            ["query", "--format", "csv", "select name from metrics"],
            ["exec", "\u{1b}[2Jx.json"], ["exec", "--output", "\u{1b}[2J"],
        ] {
            // A pseudo terminal, since output is only sanitized on a terminal.
            let words = [try RunsBinary.path()] + arguments
            let quoted = words.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
            try project.write(
                "run.sh",
                "cd '\(project.folder)' && TERM=xterm script -qec \(shellWord(quoted)) /dev/null < /dev/null > seen")
            _ = system("sh '\(project.path("run.sh"))'")
            let seen = project.read("seen") ?? ""
            #expect(!seen.isEmpty)
            #expect(
                !seen.contains("\u{1b}[2J") && !seen.contains("\u{1b}]0;") && !seen.contains("\u{7}"),
                "\(arguments): \(seen.debugDescription)")
        }
    }

    private func shellWord(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }

    /// Ctrl-C must not wait until a huge file has been read.
    @Test(arguments: [[SIGINT, SIGINT], [SIGTERM, SIGTERM], [SIGINT]])
    func digestingAHugeOutputCanBeInterrupted(_ signals: [Int32]) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "truncate -s 4T o; echo made > made", "outputs": ["o"]}}}"#)
        let command = try project.start(["exec", "--grace", "100ms"])
        try wait(for: "the output to be made") { project.exists("made") }
        for signal in signals {
            command.send(signal)
            try command.read(until: { $0.errorOutput.contains("stopping") }, "it heard the signal")
        }
        let result = try command.finish()
        #expect(result.status == 128 + signals[0], "\(result.story)")
        #expect(try project.query("select state from executions") == [["state": .text("interrupted")]])
    }

    /// What is not read then is counted.
    @Test(arguments: [([SIGINT], "100ms"), ([SIGINT, SIGINT], "1h"), ([SIGTERM], "100ms")] as [([Int32], String)])
    func readingManyMetricsCanBeInterrupted(_ signals: [Int32], _ grace: String) throws {
        let project = try TestProject()
        let bytes = 120_000_000
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "{ yes '{\"loss\": 1}' || true; } | head -c \#(bytes) > $RUNS_METRICS; echo made > made"}}}"#
        )
        let command = try project.start(["exec", "--grace", grace])
        try wait(for: "the metrics to be written") { project.exists("made") }
        for (index, signal) in signals.enumerated() {
            command.send(signal)
            try command.read(
                until: { $0.errorOutput.contains(index == 0 ? "stopping" : "killing") }, "it heard the signal")
        }
        let result = try command.finish()
        #expect(result.status == 128 + signals[0], "\(result.story)")
        let row = try project.query("select state, note, (select count(*) from metrics) as n from executions")[0]
        #expect(row["state"] == .text("interrupted"))
        let note = try #require(row["note"]?.text?.firstMatch(of: #/^(\d+) bytes of RUNS_METRICS were not read/#))
        #expect((Int(note.1) ?? 0) + (row["n"]?.integer ?? 0) * 12 == bytes, "\(row)")
    }

    @Test func aMetricsFileWithoutLinesIsAbandoned() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "echo '{\"x\": 1}' > $RUNS_METRICS; truncate -s 4T $RUNS_METRICS"}}}"#
        )
        let result = try project.runs("exec")
        #expect(
            result.status == 0 && result.errorOutput.contains("1 invalid line in RUNS_METRICS"),
            "\(result.story)")
        #expect(try project.query("select name, value from metrics") == [["name": .text("x"), "value": .number(1)]])
    }

    @Test(arguments: [
        "rm $RUNS_METRICS; mkdir $RUNS_METRICS", "rm $RUNS_METRICS; mkfifo $RUNS_METRICS",
        "mv $RUNS_METRICS m; ln -s $PWD/m $RUNS_METRICS",
    ])
    func aReplacedMetricsFileIsNoted(_ commands: String) throws {
        let project = try TestProject(stages: #""a": {"command": "echo '{\"x\": 1}' >> $RUNS_METRICS; \#(commands)"}"#)
        let result = try project.runs("exec")
        #expect(
            result.status == 0 && result.errorOutput.contains("RUNS_METRICS was removed, replaced or truncated"),
            "\(result.story)")
    }

    @Test func aStageThatStopsTheSupervisorDoesNotHangTheRun() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": "kill -STOP $PPID"}}}"#)
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
    }

    /// While a stage is being stopped the program only waits.
    @Test func waitingForAGracePeriodUsesNoCPU() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "trap '' TERM; while :; do sleep 0.2; done", "timeout": "100ms"}}}"#
        )
        try project.write(
            "measure.py",
            """
            import resource, subprocess, sys
            code = subprocess.run(sys.argv[1:]).returncode
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(code, used.ru_utime + used.ru_stime)
            """)
        let line = "python3 measure.py '\(try RunsBinary.path())' exec --grace 2s --output quiet > measured 2> errors"
        try project.shell(line)
        let words = (project.read("measured") ?? "").split(whereSeparator: \.isWhitespace)
        #expect(words.first == "1")
        // Out of two seconds of waiting.
        #expect(try #require(words.last.flatMap { Double($0) }) < 1, "\(words)")
    }

    @Test(arguments: ["rm -rf .runs", "rm .runs/runs.db*", "mv .runs/runs.db .runs/other.db"])
    func aStageThatDeletesTheStoreFailsTheRun(_ command: String) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"a": {"command": "\#(command); echo > o", "outputs": ["o"]}}}"#)
        let result = try project.runs("exec")
        #expect(result.status == 3 && result.errorOutput.contains("was removed or replaced"), "\(result.story)")
    }

    /// In the middle of a run, and at its end.
    @Test(
        arguments: [
            ": > .runs/runs.db-wal", "truncate -s 100 .runs/runs.db-wal", "truncate -s -1 .runs/runs.db-wal",
            "head -c 500000 /dev/zero > .runs/runs.db-wal", ": > .runs/runs.db", ": > .runs/runs.db-shm",
            "rm .runs/runs.db-wal", "rm .runs/runs.db-shm",
        ], ["a", "b"])
    func aStageThatDamagesTheStoreFailsTheRun(_ command: String, stage: String) throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "test $V != a || { \#(command); }", "pass_env": ["V"]},
                "b": {"command": "test $V != b || { \#(command); }", "pass_env": ["V"], "needs": ["a"]}
                """#)
        let result = try project.runs("exec", environment: ["V": stage])
        #expect(result.status == 3, "\(result.story)")
        #expect(result.errorOutput.contains("the store") && result.errorOutput.contains("while it was in use"))
        #expect(result.errorOutput.contains("keep stages from touching .runs") || command.contains("shm"))
        let next = try project.runs("exec", environment: ["V": "none"])
        #expect(next.status == 0, "\(next.story)")
    }

    @Test func aNestedRunDoesNotDeadlock() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            """
            {"name": "p", "stages": {
              "a": {"command": "'\(try RunsBinary.path())' exec b && echo > a", "outputs": ["a"]},
              "b": {"command": "echo > b", "outputs": ["b"], "needs": ["a"]}}}
            """)
        let result = try project.runs("exec")
        #expect(result.status == 1, "\(result.story)")
        let log = project.read(".runs/logs/1/a.1.log") ?? ""
        #expect(log.contains("deadlock: this `runs exec` was started by a stage of run 1"), "\(log)")
    }
}
