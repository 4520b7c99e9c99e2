// `runs doctor` and `runs gc`: what they find, what they change, and what they never change.

import Glibc
import TestSupport
import Testing

@Suite struct MaintenanceTests {
    private func project(_ stages: String) throws -> TestProject { try TestProject(stages: stages) }

    /// `a` copies `src`; three runs with three versions, all but the newest kept.
    private func projectWithVersions() throws -> TestProject {
        let project = try project(stage(keep: 5))
        for version in ["one", "two", "three"] {
            try project.write("src", version)
            #expect(try project.runs("exec").status == 0)
        }
        #expect(project.exists(".runs/kept/1/a") && project.exists(".runs/kept/2/a"))
        return project
    }

    private func stage(keep: Int) -> String {
        #""a": {"command": "grep -v bad src > a", "inputs": ["src"], "outputs": ["a"], "keep": \#(keep)}"#
    }

    /// All files of the project except those that SQLite writes when a store is opened.
    private func files(_ project: TestProject) -> [String: String] {
        project.files(below: ".").filter { !$0.key.hasSuffix("-wal") && !$0.key.hasSuffix("-shm") }
    }

    private func counts(_ project: TestProject) throws -> [String: JSON] {
        try project.query(
            """
            select (select count(*) from runs) as runs, (select count(*) from executions) as executions,
              (select count(*) from inputs) as inputs, (select count(*) from params) as params,
              (select count(*) from decisions) as decisions
            """)[0]
    }

    // MARK: - doctor

    @Test func aHealthyProjectHasNoProblems() throws {
        let project = try projectWithVersions()
        let result = try project.runs("doctor")
        #expect(result.status == 0, "\(result.story)")
        #expect(result.output.hasSuffix("no problems found\n"), "\(result.story)")
        for word in ["schema ", "SQLite 3.", "journal ", "disk: ", "gpus: "] {
            #expect(result.output.contains(word), "\(word) in \(result.output)")
        }
    }

    @Test func visibleGPUsAreReported() throws {
        let project = try projectWithVersions()
        // Hides the library and the program if this machine has them.
        try project.write("none/libnvidia-ml.so.1", "")
        func output(_ visible: String) throws -> String {
            let environment = [
                "LD_LIBRARY_PATH": project.path("none"), "PATH": "/none", "CUDA_VISIBLE_DEVICES": visible,
            ]
            return try project.runs("doctor", environment: environment).output
        }
        #expect(try output("3,5").contains("gpus: 2 (3, 5)"))
        #expect(try output("").contains("gpus: none"))
    }

    @Test(arguments: [[], ["--repair"]]) func noStoreIsCreated(_ options: [String]) throws {
        let project = try project(#""a": {"command": "true"}"#)
        #expect(try project.runs(["doctor"] + options).status == 3)
        #expect(!project.exists(".runs"))
    }

    @Test func orphansAreDeletedOnlyByRepair() throws {
        let project = try projectWithVersions()
        let orphans = [
            ".runs/logs/77/x.1.log", ".runs/tmp/78/params-0.json", ".runs/tmp/1/params-0.json", ".runs/kept/79/b",
        ]
        let others = [
            ".runs/kept/-3/mine", ".runs/logs/notes/x", ".runs/logs/+7/x", ".runs/kept/1/a", ".runs/logs/1/a.1.log",
        ]
        for path in orphans + others where !project.exists(path) { try project.write(path, "12345") }
        let before = files(project)
        let found = try project.runs("doctor")
        #expect(found.status == 1)
        for path in [".runs/logs/77", ".runs/tmp/78", ".runs/tmp/1", ".runs/kept/79"] {
            #expect(found.output.contains("problem: \(path): "), "\(path) in \(found.story)")
        }
        #expect(found.output.contains("5 B"))
        #expect(found.output.hasSuffix("4 problems found (`runs doctor --repair` can repair 4)\n"), "\(found.story)")
        #expect(files(project) == before, "nothing is changed without --repair")

        let repaired = try project.runs("doctor", "--repair")
        #expect(repaired.status == 0, "\(repaired.story)")
        #expect(repaired.output.hasSuffix("all problems repaired\n"))
        for path in orphans { #expect(!project.exists(path), "\(path)") }
        for path in others { #expect(project.exists(path), "\(path)") }
        #expect(try project.runs("doctor").output.hasSuffix("no problems found\n"))
    }

    @Test func digestsOfMissingFilesAreDeleted() throws {
        let project = try projectWithVersions()
        // A file digested in the same clock tick in which it was written is not cached.
        var written = stat()
        #expect(stat(project.path("src"), &written) == 0)
        try wait(for: "the clock to move on") { time(nil) > written.st_ctim.tv_sec + 1 }
        #expect(try project.runs("exec").status == 0)
        try project.remove("src")
        let found = try project.runs("doctor")
        #expect(found.status == 0, "a deleted file is not a problem of the store")
        #expect(
            found.output.hasSuffix(
                "cached digest of 1 missing path: not used any more (--repair deletes it)\nno problems found\n"),
            "\(found.story)")
        let repaired = try project.runs("doctor", "--repair")
        #expect(repaired.status == 0)
        #expect(repaired.output.contains("cached digest of 1 missing path: deleted\n"), "\(repaired.story)")
        #expect(try !project.runs("doctor").output.contains("cached digest"))
    }

    @Test(arguments: [
        "execution_rows", "run_rows", "stages", "paths", "names", "commands", "artifacts", "path_owners",
        "decision_rows",
        "current_executions", "machines", "pipelines", "unexecuted_sets",
    ])
    func aStoreFromWhichAStageDeletedRowsIsRepaired(table: String) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"params": {"v": 1}, "stages": {
              "a": {"command": "echo ${{ params.v }} > a", "outputs": ["a"]},
              "b": {"command": "cp a b; test -e quiet || python3 -c \"import sqlite3; c = sqlite3.connect('.runs/runs.db'); c.execute('delete from \#(table)'); c.commit()\"",
                "inputs": ["a"], "outputs": ["b"]},
              "c": {"command": "cp b c", "inputs": ["b"], "outputs": ["c"]}}}
            """#)
        try project.write("quiet", "")
        #expect(try project.runs("exec").status == 0)
        try project.remove("quiet")
        _ = try project.runs("exec", "--set", "v=2")
        try project.write("quiet", "")
        let next = try project.runs("exec", "--set", "v=3", "--overwrite")
        #expect(next.status == 0 || next.errorOutput.contains("`runs doctor --repair` repairs it"), "\(next.story)")
        let repaired = try project.runs("doctor", "--repair")
        #expect(repaired.status == 0, "\(repaired.story)")
        #expect(try project.runs("doctor").status == 0)
        let result = try project.runs("exec", "--set", "v=4", "--overwrite")
        #expect(result.status == 0 && project.read("c") == "4\n", "\(result.story)")
        #expect(try project.runs("doctor").status == 0)
    }

    @Test func aStoreWithoutItsMigrationsIsDescribed() throws {
        let project = try projectWithVersions()
        let delete =
            "import sqlite3; c = sqlite3.connect('.runs/runs.db'); c.execute('delete from migrations'); c.commit()"
        #expect(system("cd '\(project.path("."))' && python3 -c \"\(delete)\"") == 0)
        let result = try project.runs("exec")
        #expect(result.status == 3)
        #expect(result.errorOutput.contains("deleted the list of its migrations"), "\(result.story)")
    }

    @Test func aVersionThatCameBackIsNotAProblem() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"params": {"v": 1}, "stages": {"s": {"command": "echo ${{ params.v }} > o", "outputs": ["o"]}}}"#)
        for value in [1, 2, 1] { #expect(try project.runs("exec", "--set", "v=\(value)").status == 0) }
        #expect(project.read("o") == "1\n")
        let found = try project.runs("doctor")
        #expect(found.status == 0 && found.output.hasSuffix("no problems found\n"), "\(found.story)")
    }

    @Test func aKilledRunIsLostAndItsProcessesAreKilled() throws {
        let project = try project(#""a": {"command": "echo $$ > pid; exec sleep 1000", "outputs": ["a"]}"#)
        let command = try project.start(["exec"])
        try wait(for: "the stage to start") { project.read("pid")?.hasSuffix("\n") ?? false }
        let alive = try project.runs("doctor", "--repair")
        #expect(alive.status == 0, "\(alive.story)")
        #expect(alive.output.contains("is running"))
        let pid = try #require(project.read("pid").flatMap { pid_t($0.dropLast()) })
        #expect(kill(pid, 0) == 0, "a living run is left alone")
        #expect(project.exists(".runs/tmp/1"))

        command.send(SIGKILL)
        _ = try command.finish()
        let found = try project.runs("doctor")
        #expect(found.status == 1)
        #expect(found.output.contains("is lost: its program has exited"), "\(found.story)")
        #expect(try project.query("select status from runs") == [["status": .text("running")]])
        let repaired = try project.runs("doctor", "--repair")
        #expect(repaired.status == 0, "\(repaired.story)")
        #expect(try project.query("select status from runs") == [["status": .text("lost")]])
        #expect(try project.query("select state from executions") == [["state": .text("lost")]])
        try wait(for: "the process to end") { kill(pid, 0) != 0 || isZombie(pid) }
        #expect(!project.exists(".runs/tmp/1") && !project.exists(".runs/live/1"))
        #expect(try project.runs("doctor").status == 0)
    }

    @Test func processesOfALostExecutionAreFoundByTheirToken() throws {
        let project = try project(#""a": {"command": "echo $RUNS_EXECUTION_TOKEN > token; sleep 1000"}"#)
        let command = try project.start(["exec"])
        try wait(for: "the stage to start") { project.read("token")?.hasSuffix("\n") ?? false }
        command.send(SIGKILL)
        _ = try command.finish()
        #expect(try project.runs("doctor", "--repair").status == 0)
        let token = try #require(project.read("token")).dropLast()
        let leftover = try RunningCommand(
            program: "/bin/sleep", arguments: ["1000"], folder: project.folder,
            environment: ["RUNS_EXECUTION_TOKEN": String(token)])
        try wait(for: "the shell to have become the program") {
            (project.read("/proc/\(leftover.processID)/cmdline") ?? "").contains("/bin/sleep\0")
        }
        let found = try project.runs("doctor")
        #expect(found.status == 1)
        #expect(found.output.contains("lost execution 1 of 'a' left 1 process"), "\(found.story)")
        #expect(try project.runs("doctor", "--repair").status == 0)
        let end = try leftover.finish().end
        #expect([.signalled(SIGTERM), .signalled(SIGKILL)].contains(end), "\(end)")
    }

    @Test(
        .enabled(if: system("command -v sqlite3 > /dev/null") == 0, "needs the sqlite3 shell to change a host's name"))
    func aRunOnAnotherHostIsMarkedLostOnlyByRepair() throws {
        let project = try projectWithVersions()
        let sqlite = "sqlite3 '\(project.path(".runs/runs.db"))'"
        #expect(
            system(
                "\(sqlite) \"update run_rows set status='running', finished_at=NULL, host='elsewhere' where run_id=3\"")
                == 0)
        let found = try project.runs("doctor")
        #expect(found.status == 1)
        #expect(found.output.contains("cannot check from this host whether it is still alive"), "\(found.story)")
        #expect(try project.query("select status from runs where run_id = 3")[0]["status"]?.text == "running")
        #expect(try project.runs("exec").status == 3)
        let repaired = try project.runs("doctor", "--repair")
        #expect(repaired.status == 0 && repaired.output.contains("marked as lost"), "\(repaired.story)")
        #expect(try project.runs("exec").status == 0)
    }

    @Test func filesOfAnotherStoreAreSkipped() throws {
        let project = try projectWithVersions()
        try project.write("other/pipeline.json", #"{"name": "q", "stages": {"b": {"command": "true"}}}"#)
        #expect(try project.runs("exec", "other/pipeline.json", "--store", project.path("other.db")).status == 0)
        let result = try project.runs("doctor", "--repair", "--store", project.path("other.db"))
        #expect(result.output.contains("skipped, they belong to another store"), "\(result.story)")
        #expect(project.exists(".runs/kept/2/a"))
        #expect(try project.runs("gc", "--older-than", "0s", "--store", project.path("other.db")).status == 2)
        #expect(project.exists(".runs/kept/1/a"))
    }

    // MARK: - gc

    @Test func recentDataIsKept() throws {
        let project = try projectWithVersions()
        let before = files(project)
        let result = try project.runs("gc", "--older-than", "30d", "--rows")
        #expect(result.status == 0, "\(result.story)")
        #expect(
            result.output == """
                logs of 0 runs: 0 B
                cached digests of 0 paths
                kept outputs of 0 executions: 0 B
                rows of 0 runs and 0 executions (the store file keeps its size; the space is reused)
                total: 0 B

                """)
        #expect(files(project).filter { $0.key != "./.runs/runs.db" } == before.filter { $0.key != "./.runs/runs.db" })
    }

    @Test func oldDataIsDeletedAsADryRunPredicts() throws {
        let project = try projectWithVersions()
        // It keeps fewer versions than exist, but no success has deleted the others yet.
        try project.write("pipeline.json", #"{"name": "p", "stages": {\#(stage(keep: 1))}}"#)
        try project.write("src", "bad")
        #expect(try project.runs("exec").status == 1)
        try project.write(".runs/kept/-3/mine", "mine")
        let before = files(project)
        let rows = try counts(project)
        let dryRun = try project.runs("gc", "--older-than", "0s", "--rows", "--dry-run")
        #expect(files(project) == before)
        #expect(try counts(project) == rows)

        let result = try project.runs("gc", "--older-than", "0s", "--rows")
        #expect(result.status == 0, "\(result.story)")
        #expect(dryRun.output == result.output + "nothing was deleted (--dry-run)\n")
        #expect(result.output.contains("logs of 4 runs"))
        #expect(result.output.contains("kept outputs of 2 executions: 8 B"), "\(result.story)")
        #expect(result.output.contains("rows of 2 runs and 2 executions "), "\(result.story)")
        #expect(!project.exists(".runs/logs/1") && !project.exists(".runs/logs/3"))
        #expect(!project.exists(".runs/kept/1") && !project.exists(".runs/kept/2"))
        #expect(project.read(".runs/kept/3/a") == "three\n" && project.read(".runs/kept/-3/mine") == "mine")
        #expect(
            try project.query("select execution_id, run_id from executions order by execution_id") == [
                ["execution_id": .number(3), "run_id": .number(3)], ["execution_id": .number(4), "run_id": .number(4)],
            ])
        #expect(try project.runs("doctor").status == 0, "the store is sound")

        // The remaining version is still valid: it is restored, and nothing runs again.
        try project.write("src", "three")
        for _ in 1...2 {
            #expect(try project.runs("exec").status == 0)
            #expect(try project.executedStages() == [])
            #expect(project.read("a") == "three\n")
        }
    }

    @Test func versionsWithinKeepAreNotDeleted() throws {
        let project = try projectWithVersions()
        let result = try project.runs("gc", "--older-than", "0s", "--rows")
        #expect(result.output.contains("kept outputs of 0 executions"), "\(result.story)")
        #expect(project.read(".runs/kept/1/a") == "one\n" && project.read(".runs/kept/2/a") == "two\n")
    }

    @Test func rowsAreDeletedOnlyOnRequest() throws {
        let project = try projectWithVersions()
        let rows = try counts(project)
        let result = try project.runs("gc", "--older-than", "0s")
        #expect(result.status == 0 && !result.output.contains("rows of"), "\(result.story)")
        #expect(try counts(project) == rows)
        #expect(!project.exists(".runs/logs/1"))
    }

    /// Ancestors of current results and tagged runs are not deleted.
    @Test func ancestorsAndTaggedRunsAreNotDeleted() throws {
        let project = try project(
            #"""
            "train": {"command": "echo ${{ params.lr }} > model", "params": {"lr": 1}, "outputs": ["model"], "keep": 0},
            "eval": {"command": "cp model score", "inputs": ["model"], "outputs": ["score"]}
            """#)
        try project.write(
            "pipeline.json", (project.read("pipeline.json") ?? "").replacing(#""lr": 1"#, with: #""lr": ${LR}"#))
        let text = project.read("pipeline.json") ?? ""
        // The last run restores the score of the second, and makes its model again.
        for (lr, words) in [("9", []), ("2", []), ("1", ["--tag", "baseline"]), ("2", [])] as [(String, [String])] {
            try project.write("pipeline.json", text.replacing("${LR}", with: lr))
            #expect(try project.runs(["exec"] + words).status == 0)
        }
        #expect(try project.runs("gc", "--older-than", "0s", "--rows").status == 0)
        #expect(
            try project.query("select run_id, tag from runs left join tags using (run_id) order by 1") == [
                ["run_id": .number(2), "tag": .null], ["run_id": .number(3), "tag": .text("baseline")],
                ["run_id": .number(4), "tag": .null],
            ])
        #expect(try project.runs("lineage", "score").output.contains("model ← train"))
    }

    @Test func currentFailuresAreNotDeleted() throws {
        let project = try project(#""a": {"command": "test -e ok"}"#)
        try project.write("ok", "")
        #expect(try project.runs("exec").status == 0)
        try project.remove("ok")
        #expect(try project.runs("exec", "--force").status == 1)
        #expect(try project.runs("gc", "--older-than", "0s", "--rows").status == 0)
        #expect(try project.runs("exec").status == 1, "it is still the failed stage that it was")
    }

    @Test func allRowsOfAnExecutionAreDeleted() throws {
        let project = try project(
            #"""
            "a": {"command": "cat src > a; echo '{\"loss\": 1}' > m.json; test -e ok", "inputs": ["src"],
                  "outputs": {"a": "a", "m": {"path": "m.json", "metrics": true}}, "params": {"lr": 0.1}, "env": {"X": "1"}, "keep": 0},
            "b": {"command": "cat a > b", "inputs": ["a"], "outputs": ["b"], "keep": 0}
            """#)
        for version in ["one", "two", "three"] {
            try project.write("src", version)
            try project.write("ok", "")
            let result = try project.runs("exec", "--note", version)
            #expect(result.status == 0, "\(result.story)")
            try project.write("src", "broken" + version)
            try project.remove("ok")
            #expect(try project.runs("exec", "--keep-going").status == 1)
        }
        let result = try project.runs("gc", "--older-than", "0s", "--rows")
        #expect(result.status == 0, "\(result.story)")
        let left = try #require(try counts(project)["executions"]?.integer)
        #expect(left < 9, "\(result.story)")
        let sound = try project.runs("doctor")
        #expect(!sound.output.contains("corrupt"), "\(sound.story)")
        try project.write("ok", "")
        #expect(try project.runs("exec").status == 0)
    }

    @Test func runningRunsAreSkipped() throws {
        let project = try projectWithVersions()
        try project.write(
            "slow.json",
            #"{"name": "slow", "stages": {"s": {"command": "echo > started; while ! test -e go; do sleep 0.01; done"}}}"#
        )
        let command = try project.start(["exec", "slow.json"])
        try wait(for: "the stage to start") { project.exists("started") }
        let result = try project.runs("gc", "--older-than", "0s", "--rows")
        #expect(result.status == 1, "\(result.story)")
        #expect(
            result.output.contains("skipped kept outputs and rows: end not recorded: run 4 of 'slow'"),
            "\(result.story)")
        #expect(project.exists(".runs/logs/4") && !project.exists(".runs/logs/1"))
        #expect(project.exists(".runs/kept/1/a"))
        #expect(try counts(project)["executions"]?.integer == 4)
        try project.write("go", "")
        #expect(try command.finish().status == 0)
    }

    @Test func orphanedOutputsAreListed() throws {
        let project = try project(
            #""old": {"command": "echo > old.txt", "outputs": ["old.txt"]}, "new": {"command": "echo > new.txt", "outputs": ["new.txt"]}"#
        )
        #expect(try project.runs("exec").status == 0)
        #expect(try project.runs("gc", "--orphans", "pipeline.json").output == "0 orphaned outputs (not deleted)\n")
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"new": {"command": "echo > new.txt", "outputs": ["new.txt"]}}}"#
        )
        let result = try project.runs("gc", "--orphans", "pipeline.json")
        #expect(
            result.output == """
                orphan: old.txt, made by 'old', which is not in pipeline.json
                1 orphaned output (not deleted)

                """, "\(result.story)")
        #expect(project.exists("old.txt"))
    }

    @Test(arguments: [
        [], ["--rows"], ["--rows", "--orphans", "pipeline.json"], ["--older-than", "soon"], ["--older-than=-1d"],
    ])
    func invalidOptionsAreRejected(_ options: [String]) throws {
        let project = try projectWithVersions()
        let before = files(project)
        let result = try project.runs(["gc"] + options)
        #expect(result.status == 2, "\(result.story)")
        #expect(files(project) == before)
    }
}

/// Whether the process has ended but was not waited for.
private func isZombie(_ pid: pid_t) -> Bool {
    guard let file = fopen("/proc/\(pid)/stat", "re") else { return true }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self).contains(") Z ")
}
