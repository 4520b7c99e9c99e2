// `runs accept`: what it accepts, what it rejects, and how it is undone.

import Glibc
import TestSupport
import Testing

@Suite struct AcceptTests {
    /// `a` copies what it reads; `b` copies that; both by a script that is an input.
    private func project() throws -> TestProject {
        let project = try TestProject()
        try project.write("copy.sh", "cp $1 $2\n")
        try project.write("in", "one")
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "params": {"x": 1}, "stages": {
              "a": {"command": "sh copy.sh in a # ${{ params.x }}", "inputs": ["in", "copy.sh"], "outputs": ["a"]},
              "b": {"command": "cp a b", "inputs": ["a"], "outputs": ["b"]}}}
            """#)
        return project
    }

    private func finished() throws -> TestProject {
        let project = try project()
        let result = try project.runs("exec")
        guard result.status == 0 else { throw HarnessError(result.story) }
        return project
    }

    @Test func acceptIsUndoneByReject() throws {
        let project = try finished()
        try project.write("copy.sh", "# copies\ncp $1 $2\n")
        #expect(try project.runs("status", "--format", "csv").output.contains("a,stale"))
        let result = try project.runs("accept", "a", "--reason", "a comment")
        #expect(result.status == 0 && result.output == "a: accepted as execution 3\n", "\(result.story)")
        #expect(try project.runs("exec").errorOutput.contains("all 2 stages fresh"))
        #expect(
            try project.query(
                "select state, accepted, exit_code, wall_seconds, note from executions where execution_id = 3") == [
                    [
                        "state": .text("succeeded"), "accepted": .number(1), "exit_code": .number(0),
                        "wall_seconds": .number(0),
                        "note": .text("not executed: its outputs were accepted"),
                    ]
                ])
        #expect(
            try project.query("select execution_id as e, note from tags") == [
                ["e": .number(3), "note": .text("accepted: a comment")]
            ])
        #expect(
            try project.query("select status, command_line as c, stages_executed as n from runs where run_id = 2") == [
                ["status": .text("succeeded"), "c": .text("runs accept a --reason 'a comment'"), "n": .number(0)]
            ])
        #expect(try project.query("select reason from decisions where run_id = 2") == [["reason": .text("accepted")]])
        #expect(try project.query("select executions as n from stage_stats where stage = 'a'")[0]["n"]?.integer == 1)
        #expect(try project.runs("history", "a", "--format", "csv").output.contains(",accepted,"))
        #expect(
            try project.runs("logs", "a").output
                == "Nothing was executed: `runs accept` accepted the outputs as they were: a comment.\n")
        #expect(try project.runs("doctor").status == 0)
        #expect(try project.runs("accept", "a").output == "a: already fresh\n")

        #expect(try project.runs("reject", "3", "--reason", "it did matter").status == 0)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a"])
    }

    @Test func outputsMadeElsewhereAreAccepted() throws {
        let project = try project()
        try project.write("a", "from elsewhere")
        #expect(try project.runs("exec").status == 2, "no execution made it")
        #expect(try project.runs("accept", "a").status == 0)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["b"])
        #expect(project.read("b") == "from elsewhere")
        // And kept like any other version.
        #expect(try project.runs("exec", "--set", "x=2").status == 0)
        #expect(project.read("a") == "one")
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("a") == "from elsewhere")
    }

    @Test func severalStagesAreAcceptedAtomically() throws {
        let project = try finished()
        try project.write("a", "by hand")
        try project.write("b", "by hand")
        let refused = try project.runs("accept", "b")
        #expect(
            refused.status == 2 && refused.errorOutput.contains("it reads outputs of 'a', which is not fresh"),
            "\(refused.story)")
        try project.remove("b")
        #expect(try project.runs("accept", "a", "b").status == 2)
        #expect(try project.query("select count(*) as n from runs")[0]["n"]?.integer == 1, "all or none")
        #expect(!project.exists(".runs/logs/2"))
        try project.write("b", "by hand")
        #expect(
            try project.runs("accept", "b", "a").output == "a: accepted as execution 3\nb: accepted as execution 4\n")
        #expect(try project.runs("exec").errorOutput.contains("all 2 stages fresh"))
    }

    @Test func metricsOfAcceptedOutputsAreRead() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "false", "outputs": {"m": {"path": "m.json", "metrics": true}}}}}"#
        )
        try project.write("m.json", "{")
        #expect(try project.runs("accept", "a").status == 2)
        try project.write("m.json", #"{"f1": 0.5}"#)
        #expect(try project.runs("accept", "a").status == 0)
        #expect(try project.query("select last from final_metrics where name = 'f1'") == [["last": .number(0.5)]])
    }

    @Test func aStageWithoutOutputsIsAccepted() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"check": {"command": "false"}}}"#)
        #expect(try project.runs("accept", "check").status == 0)
        #expect(try project.runs("exec").status == 0)
    }

    @Test(arguments: [
        (#""command": "true", "frozen": true, "outputs": ["in"]"#, "is frozen"),
        (#""command": "true", "always": true"#, "always runs"),
        (#""command": "true", "outputs": ["none"]"#, "its output 'none' does not exist"),
        (#""command": "true", "inputs": ["none"]"#, "its input 'none' does not exist"),
    ])
    func invalidStatesAreNotAccepted(_ stage: String, _ sentence: String) throws {
        let project = try TestProject()
        try project.write("in", "x")
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {\#(stage)}}}"#)
        let result = try project.runs("accept", "a")
        #expect(result.status == 2 && result.errorOutput.contains(sentence), "\(result.story)")
        #expect(try project.runs("accept").status == 2)
        #expect(try project.runs("accept", "b").status == 2)
    }

    @Test(arguments: [#", "inputs": ["in"], "outputs": ["a"]"#, #", "outputs": ["a"]"#, ""])
    func outputsOfARunningStageAreNotAccepted(_ paths: String) throws {
        let project = try project()
        let command = "echo half > a; touch started; while ! test -e go; do sleep 0.01; done; cp in a"
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": "\#(command)"\#(paths)}}}"#)
        let run = try project.start(["exec"])
        try wait(for: "the stage to start") { project.exists("started") }
        let result = try project.runs("accept", "a")
        #expect(result.status == 3 && result.errorOutput.contains("run 1 is executing stage 'a'"), "\(result.story)")
        try project.write("go", "")
        #expect(try run.finish().status == 0)
        #expect(try project.query("select count(*) as n from executions where accepted = 1")[0]["n"]?.integer == 0)
    }

    /// Files that a running stage reads are not accepted either.
    @Test func inputsOfARunningStageAreNotAccepted() throws {
        let project = try finished()
        try project.write("copy.sh", "# copies\ncp $1 $2\n")
        try project.write(
            "other.json",
            #"""
            {"name": "q", "stages": {"c": {"command": "touch started; while ! test -e go; do sleep 0.01; done; cp a c",
              "inputs": ["a"], "outputs": ["c"]}}}
            """#)
        let run = try project.start(["exec", "other.json"])
        try wait(for: "the stage to start") { project.exists("started") }
        let result = try project.runs("accept", "a")
        #expect(result.status == 3 && result.errorOutput.contains("run 2 uses 'a'"), "\(result.story)")
        try project.write("go", "")
        #expect(try run.finish().status == 0)
        #expect(try project.runs("accept", "a").status == 0)
    }

    /// Skipped if this user may not mount.
    @Test(.enabled(if: canMountMemory, "mounting is not allowed here"))
    func aReadOnlyProjectIsAnError() throws {
        let project = try finished()
        try project.write("a", "by hand")
        try project.shell("mkdir mnt && mount --bind . mnt && mount -o remount,ro,bind mnt")
        defer { _ = system("umount '\(project.path("mnt"))'") }
        let result = try project.runs(["accept", "a"], in: "mnt")
        #expect(result.status == 3, "\(result.story)")
    }
}
