// Concurrent `runs exec` on one store: every stage is executed once, also if a run is killed.

import Glibc
import TestSupport
import Testing

@Suite struct SharingTests {
    /// Stages that record in a file, which is not an output, that they ran.
    private func project() throws -> TestProject {
        let project = try TestProject()
        let stages = (0..<8).flatMap { index in
            [
                #""a\#(index)": {"command": "echo a\#(index) >> $TRACE; echo a\#(index) > a\#(index)", "outputs": ["a\#(index)"]}"#,
                #""b\#(index)": {"command": "echo b\#(index) >> $TRACE; cat a\#(index) a\#((index + 1) % 8) > b\#(index)", "inputs": ["a\#(index)", "a\#((index + 1) % 8)"], "outputs": ["b\#(index)"]}"#,
            ]
        }
        try project.write("pipeline.json", #"{"name": "shared", "stages": {\#(stages.joined(separator: ", "))}}"#)
        return project
    }

    @Test(arguments: [2, 5])
    func eachStageIsExecutedOnce(_ count: Int) throws {
        let project = try project()
        let trace = project.path("trace")
        let commands = try (0..<count).map { _ in
            try project.start(["exec", "--jobs", "2"], environment: ["TRACE": trace])
        }
        for command in commands {
            let result = try command.finish()
            #expect(result.status == 0, "\(result.story)")
            #expect(!result.errorOutput.contains("locked"))
        }
        let ran = (project.read("trace") ?? "").split(separator: "\n")
        #expect(Set(ran).count == 16)
        #expect(ran.count == 16, "\(ran.sorted())")
    }

    /// Different params, the same outputs: each run sees its own values from its first stage to its last.
    @Test(arguments: [2, 4])
    func runsWithOtherParamsDoNotMix(_ count: Int) throws {
        let project = try TestProject()
        let parts = (0..<4).map { index in
            #""a\#(index)": {"command": "echo ${{ params.v }} > a\#(index)", "outputs": ["a\#(index)"]}"#
        }
        let sum =
            #""sum": {"command": "cat a0 a1 a2 a3 | sort -u > sum", "inputs": ["a0", "a1", "a2", "a3"], "outputs": ["sum"]}"#
        let show = #""show": {"command": "cat sum", "inputs": ["sum"]}"#
        try project.write(
            "pipeline.json",
            #"{"name": "p", "params": {"v": 0}, "stages": {\#((parts + [sum, show]).joined(separator: ", "))}}"#)
        let commands = try (0..<count).map { try project.start(["exec", "--jobs", "2", "--set", "v=\($0)"]) }
        for command in commands {
            let result = try command.finish()
            #expect(result.status == 0, "\(result.story)")
        }
        // Every execution of `sum` read parts of one run, and every run has one of its own.
        let shown = try project.query(
            """
            select i.run_id, count(distinct o.execution_id) as parts, count(distinct o.run_id) as runs from inputs i
            join outputs o on o.path = i.path and o.sha256 = i.sha256
            where i.stage = 'sum' group by i.execution_id order by i.run_id
            """)
        #expect(shown.count == count)
        #expect(shown.allSatisfy { $0["parts"] == .number(4) && $0["runs"] == .number(1) }, "\(shown)")
        let logs = try project.query("select log_path from executions where stage = 'show' order by log_path")
        #expect(Set(logs.compactMap { $0["log_path"]?.text.flatMap(project.read) }).count == count)
        // Each version was kept or is in place; no lock of a run is left.
        #expect(try project.runs(["exec", "--set", "v=0"]).status == 0)
        #expect(project.read("sum") == "0\n")
        #expect(project.files(below: ".runs/live").isEmpty)
    }

    /// The second plan found `a` fresh; the first run changes it before the second reads it.
    @Test func pendingChangesOfAnEarlierRunAreAwaited() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            """
            {"name": "p", "params": {"v": 1}, "stages": {
              "slow": {"command": "touch started; while ! test -e go; do sleep 0.05; done; echo ${{ params.v }} > slow", "outputs": ["slow"]},
              "a": {"command": "cat slow > a", "inputs": ["slow"], "outputs": ["a"]},
              "b": {"command": "cat a extra > b", "inputs": ["a", "extra"], "outputs": ["b"]}}}
            """)
        try project.write("extra", "x\n")
        try project.write("go", "")
        #expect(try project.runs(["exec"]).status == 0)
        try project.remove("go")
        try project.remove("started")
        let first = try project.start(["exec", "--set", "v=2", "--jobs", "1"])
        try wait(for: "the first to start") { project.read("started") != nil }
        // `a` was made from a deleted version, and only `b` is stale for the second run.
        try project.write("extra", "y\n")
        let second = try project.start(["exec", "b", "--set", "v=1"])
        try second.read(until: { $0.errorOutput.contains("waiting for run 2") }, "it waited")
        try project.write("go", "")
        #expect(try first.finish().status == 0)
        let result = try second.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("b") == "1\ny\n")
        #expect(project.read("slow") == "1\n")
    }

    @Test func aStageWithoutOutputsIsExecutedOnceToo() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"check": {"command": "echo ran >> trace; while ! test -e go; do sleep 0.05; done"}}}"#
        )
        let first = try project.start(["exec"])
        try wait(for: "the stage to start") { project.read("trace") != nil }
        let second = try project.start(["exec"])
        try second.read(until: { $0.errorOutput.contains("waiting for run 1") }, "it waited")
        try project.write("go", "")
        #expect(try first.finish().status == 0)
        #expect(try second.finish().status == 0)
        #expect(project.read("trace") == "ran\n")
    }

    @Test func waitingRunsTakeOverFromAKilledRun() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "echo $$ >> pids; test -e ok || sleep 1000; echo a > a", "outputs": ["a"]}}}"#
        )
        let first = try project.start(["exec", "--grace", "100ms"])
        try wait(for: "the stage to start") { project.read("pids") != nil }
        let second = try project.start(["exec", "--grace", "100ms"])
        try second.read(until: { $0.errorOutput.contains("waiting for run 1") }, "it waited")
        try project.write("ok", "")
        first.send(SIGKILL)
        _ = try first.finish()
        let result = try second.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(
            try project.query("select run_id, state from executions order by execution_id") == [
                ["run_id": .number(1), "state": .text("lost")], ["run_id": .number(2), "state": .text("succeeded")],
            ])
    }

    @Test func aCopiedStoreLeavesTheProcessesOfTheOriginalAlone() throws {
        let project = try TestProject()
        try project.write(
            "one/pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "echo $$ > pid; test -e ok || sleep 1000"}}}"#)
        let original = try project.start(["exec"], in: "one")
        try wait(for: "the stage to start") { project.read("one/pid") != nil }
        #expect(system("cp -r '\(project.path("one"))' '\(project.path("two"))'") == 0)
        try project.write("two/ok", "")
        #expect(try project.runs(["exec"], in: "two").status == 0)
        let pid = try #require(project.read("one/pid").flatMap { pid_t($0.dropLast()) })
        #expect(kill(pid, 0) == 0, "the original's stage still runs")
        original.send(SIGINT)
        #expect(try original.finish().status == 130)
    }

    /// With `--only`, a run also waits for outputs that another run is making, by name or by pattern.
    @Test(arguments: ["out/*", "out/a1", "out"])
    func onlyWaitsForOutputsBeingMade(_ input: String) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            """
            {"name": "p", "params": {"v": 1}, "stages": {
              "a": {"matrix": {"x": [1, 2]}, "outputs": {"o": "out/a${{ matrix.x }}"},
                    "command": "touch started; while ! test -e go; do sleep 0.05; done; echo ${{ params.v }} > ${{ outputs.o }}"},
              "g": {"command": "cat out/* > g", "inputs": ["\(input)"], "outputs": ["g"]}}}
            """)
        try project.write("go", "")
        #expect(try project.runs(["exec"]).status == 0)
        for name in ["go", "started"] { try project.remove(name) }
        let first = try project.start(["exec", "a@x=1", "--set", "v=2"])
        try wait(for: "the first to start") { project.exists("started") }
        let second = try project.start(["exec", "--only", "--force", "g"])
        try second.read(until: { $0.errorOutput.contains("waiting for run 2") }, "it waited")
        try project.write("go", "")
        #expect(try first.finish().status == 0)
        let result = try second.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("g") == "2\n1\n")
    }
}
