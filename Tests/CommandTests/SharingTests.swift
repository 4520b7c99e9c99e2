// Several `runs exec` on one store at once: every stage executed once, and a killed one replaced.

import Glibc
import Testing

@Suite struct SharingTests {
    /// Stages that say in a file outside of the project's outputs that they ran.
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
        let commands = try (0..<count).map { _ in try project.start(["exec", "--jobs", "2"], environment: ["TRACE": trace]) }
        for command in commands {
            let result = try command.finish()
            #expect(result.status == 0, "\(result.story)")
            #expect(!result.errorOutput.contains("locked"))
        }
        let ran = (project.read("trace") ?? "").split(separator: "\n")
        #expect(Set(ran).count == 16)
        #expect(ran.count == 16, "\(ran.sorted())")
    }

    @Test func theOthersTakeOverFromOneThatWasKilled() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "echo $$ >> pids; test -e ok || sleep 1000; echo a > a", "outputs": ["a"]}}}"#)
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
        try project.write("one/pipeline.json", #"{"name": "p", "stages": {"a": {"command": "echo $$ > pid; test -e ok || sleep 1000"}}}"#)
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
}
