// Reviews of results: `runs reject`, `runs tag`, `runs note`, and their effects.

import Glibc
import TestSupport
import Testing

@Suite struct ReviewTests {
    private func finished(
        _ stages: String = #""a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]}"#
    ) throws -> TestProject {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {\#(stages)}}"#)
        try project.write("in", "one")
        let result = try project.runs("exec")
        guard result.status == 0 else { throw HarnessError(result.story) }
        return project
    }

    // MARK: - reject

    @Test func aRejectedResultIsNotFresh() throws {
        let project = try finished()
        let rejected = try project.runs("reject", "1", "--reason", "wrong split")
        #expect(rejected.status == 0, "\(rejected.story)")
        #expect(rejected.output == "execution 1 of 'a' is rejected: wrong split\n")
        #expect(try project.query("select rejected from executions") == [["rejected": .number(1)]])
        #expect(try project.query("select executions from stage_stats") == [], "no statistics hold it")
        #expect(try project.runs("status", "--format", "csv").output.contains("execution 1 was rejected"))
        #expect(try project.runs("why", "a").output.contains("execution 1 was rejected"))

        let undone = try project.runs("reject", "1", "--undo")
        #expect(undone.output == "execution 1 of 'a' is valid again\n", "\(undone.story)")
        #expect(try project.runs("exec").errorOutput.contains("fresh, nothing to run"))
        #expect(
            try project.query("select execution_id, tag, note from tags order by created_at") == [
                ["execution_id": .number(1), "tag": .null, "note": .text("rejected: wrong split")],
                ["execution_id": .number(1), "tag": .null, "note": .text("rejection undone")],
            ])

        let history = try project.runs("history", "a", "--format", "jsonl").output
        #expect(try JSON.lines(history)[0]["note"]?.text == "rejected: wrong split; rejection undone")

        _ = try project.runs("reject", "1", "--reason", "after all")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a"])
        #expect(
            try project.query("select reason from decisions where verdict = 'run' and run_id = 3")[0]["reason"]?.text
                == "rejected")
        #expect(try project.runs("exec").errorOutput.contains("fresh, nothing to run"), "the new one counts")
    }

    @Test func identicalResultsAreReported() throws {
        let project = try finished()
        try project.runs("exec", "--force")
        let result = try project.runs("reject", "2", "--reason", "x")
        #expect(
            result.errorOutput.contains("note: execution 1 made the same outputs with the same key; reject it too"),
            "\(result.story)")
        #expect(try project.runs("exec").errorOutput.contains("fresh, nothing to run"))
        #expect(
            try project.runs("reject", "1", "2", "--reason", "both").output.contains(
                "execution 2 of 'a' is already rejected"))
        try project.runs("exec")
        #expect(try project.executedStages() == ["a"])
    }

    @Test func aRejectedVersionIsNotRestored() throws {
        let project = try finished()
        try project.write("in", "two")
        try project.runs("exec")
        try project.runs("reject", "1", "--reason", "x")
        try project.write("in", "one")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a"], "execution 1 is in .runs/kept, but rejected")
    }

    @Test(
        arguments: [
            (["reject", "1"], "--reason is required"), (["reject", "1", "--reason", " "], "--reason is required"),
            (["reject", "a", "--reason", "x"], "invalid execution number 'a'"),
            (["reject", "99", "--reason", "x"], "execution 99 does not exist"),
            (["reject", "3", "--reason", "x"], "is failed"),
            (["reject", "1", "3", "--reason", "x"], "is failed"), (["reject", "--reason", "x"], "missing"),
            (["tag", "1"], "no tag given"), (["tag", "1", ""], "not empty"),
            (["tag", "nine", "x"], "no run has the tag 'nine'"),
            (["tag", "7", "x"], "run 7 does not exist"),
            (["tag", "--execution", "77", "x"], "execution 77 does not exist"),
            (["tag", "1", "x", "--remove"], "has no tags"), (["note", "1"], "no note given"),
            (["note", "1", "x", "--remove"], "has no note 'x'"),
        ] as [([String], String)])
    func errorsChangeNothing(_ arguments: [String], _ sentence: String) throws {
        let project = try finished(
            #""a": {"command": "true"}, "b": {"command": "test ! -e ran && touch ran", "needs": ["a"]}"#)
        try project.runs("exec", "b", "--force")
        let result = try project.runs(arguments)
        #expect(result.status == 2, "\(result.story)")
        #expect(result.errorOutput.contains(sentence), "\(result.story)")
        #expect(try project.query("select count(*) as n from tags")[0]["n"]?.integer == 0)
        #expect(try project.query("select count(*) as n from executions where rejected = 1")[0]["n"]?.integer == 0)
    }

    @Test(arguments: [["reject", "1", "--reason", "x"], ["tag", "1", "x"], ["note", "1", "x"]])
    func noStoreIsCreated(_ arguments: [String]) throws {
        let project = try TestProject()
        #expect(try project.runs(arguments).status == 3)
        #expect(!project.exists(".runs"))
    }

    /// Skipped if this user may not mount.
    @Test(.enabled(if: canMountMemory, "mounting is not allowed here"))
    func aReadOnlyStoreIsAnError() throws {
        let project = try finished()
        try project.shell("mkdir mnt && mount --bind . mnt && mount -o remount,ro,bind mnt")
        defer { _ = system("umount '\(project.path("mnt"))'") }
        for arguments in [["reject", "1", "--reason", "x"], ["tag", "1", "x"], ["note", "1", "x"]] {
            let result = try project.runs(arguments, in: "mnt")
            #expect(result.status == 3, "\(result.story)")
            #expect(result.errorOutput.contains("cannot write to store"), "\(result.story)")
        }
    }

    /// A review does not affect a run in progress.
    @Test func aConcurrentRunIsNotAffected() throws {
        let project = try finished()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]},
              "b": {"command": "touch started; while ! test -e go; do sleep 0.01; done; cp a b", "inputs": ["a"], "outputs": ["b"]}}}
            """#)
        let command = try project.start(["exec"])
        try wait(for: "the stage to start") { project.exists("started") }
        #expect(try project.runs("reject", "2", "--reason", "it runs").status == 2)
        for _ in 0..<10 { #expect(try project.runs("reject", "1", "--reason", "x").status == 0) }
        #expect(try project.runs("tag", "latest", "beside").status == 0)
        try project.write("go", "")
        #expect(try command.finish().status == 0)
        #expect(try project.query("select tag from tags where run_id = 2") == [["tag": .text("beside")]])
        try project.runs("exec")
        #expect(try project.executedStages() == ["a"], "b's input was made again, and is the same")
    }

    // MARK: - Labels

    @Test func tagsAndNotesAreAddedAndRemoved() throws {
        let project = try finished()
        #expect(try project.runs("exec", "--force", "--tag", "first", "--note", "by hand").status == 0)
        #expect(try project.runs("tag", "latest", "baseline", "v1", "baseline").status == 0)
        #expect(try project.runs("tag", "2", "baseline").status == 0)
        #expect(try project.runs("tag", "--execution", "2", "best").status == 0)
        #expect(try project.runs("note", "latest", "seed 3,", "new split").status == 0)
        #expect(try project.runs("note", "--execution", "1", "odd").status == 0)
        #expect(
            try project.query(
                "select run_id || ' ' || coalesce(execution_id, '-') || ' ' || coalesce(tag, '-') || ' ' || coalesce(note, '-') as t from tags order by 1"
            )
            .compactMap { $0["t"]?.text } == [
                "1 1 - odd", "2 - - by hand", "2 - - seed 3, new split", "2 - baseline -", "2 - first -", "2 - v1 -",
                "2 2 best -",
            ])
        #expect(try project.runs("tag", "2", "v1", "first", "--remove").status == 0)
        #expect(try project.runs("tag", "--execution", "2", "best", "--remove").status == 0)
        #expect(try project.runs("note", "2", "by hand", "--remove").status == 0)
        let wrong = try project.runs("tag", "2", "baseline", "v9", "--remove")
        #expect(wrong.status == 2 && wrong.errorOutput.contains("its tags:"), "\(wrong.story)")
        #expect(
            try project.query("select coalesce(tag, note) as t from tags order by 1").compactMap { $0["t"]?.text }
                == ["baseline", "odd", "seed 3, new split"])
    }

    @Test func queriesCanFailOnRows() throws {
        let project = try finished()
        let found = try project.runs("query", "--fail-on-rows", "--format", "csv", "select stage from executions")
        #expect(found.status == 1)
        #expect(found.output == "stage\na\n", "the rows are printed")
        #expect(
            try project.runs("query", "--fail-on-rows", "select stage from executions where state = 'failed'").status
                == 0)
        #expect(try project.runs("query", "--fail-on-rows", "select nothing").status == 2)
    }
}
