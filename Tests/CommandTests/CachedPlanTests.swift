// A run of the same request as the last one checks only changed files. Changes that file timestamps do not show must
// cause a full check: each kind once, and random histories compared with the plan, which always checks everything.

import Glibc
import TestSupport
import Testing

@Suite struct RecollectionTests {
    /// One stage per line of `cat`, and a few more that do not change.
    private func project(_ stages: String = #""a": {"command": "cat in > a", "inputs": ["in"], "outputs": ["a"]}"#)
        throws -> TestProject
    {
        let project = try TestProject()
        try project.write("in", "one")
        try project.write("pipeline.json", #"{"name": "p", "params": {"lr": 1}, "stages": {\#(stages)}}"#)
        return project
    }

    /// Runs until timestamps are old enough to be trusted and the last run found everything unchanged.
    private func settle(_ project: TestProject) throws {
        try wait(for: "a run after which no stage is looked at again") {
            let result = try project.runs("exec")
            guard result.status == 0 else { throw HarnessError(result.story) }
            return try remembered(project)
        }
        #expect(try project.runs("exec").errorOutput.contains("fresh, nothing to run"))
    }

    /// Whether the store has a cached plan.
    private func remembered(_ project: TestProject) throws -> Bool {
        try standings(project, "select count(*) from standings where unexecuted_set_id is not null") == "1"
    }

    private func standings(_ project: TestProject, _ sql: String) throws -> String {
        let script = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"
        let command = try RunningCommand(
            program: "/usr/bin/python3", arguments: ["-c", script, project.path(".runs/runs.db"), sql],
            folder: project.path("."),
            environment: [:], input: "/dev/null")
        let result = try command.finish(timeout: .seconds(30))
        guard result.status == 0 else { throw HarnessError(result.story) }
        return result.output.split(separator: "\n").joined()
    }

    @Test func freshRunsAreRecorded() throws {
        let project = try project(
            #""a": {"command": "cat in > a", "inputs": ["in"], "outputs": ["a"]}, "b": {"command": "cat a > b", "inputs": ["a"], "outputs": ["b"]}"#
        )
        #expect(try project.runs("exec", "a").status == 0)
        #expect(try project.runs("exec").status == 0)
        try settle(project)
        let last = try project.runs("exec", "--output", "jsonl", "--tag", "again")
        let events = try JSON.lines(last.output)
        #expect(events.map { $0["event"]?.text } == ["run_started", "run_finished"], "\(last.story)")
        #expect(events[0]["fresh"] == .number(2) && events[1]["status"]?.text == "succeeded")
        let rows = try project.query(
            "select r.run_id, r.status, r.stages_total, r.stages_fresh, r.stages_executed, t.tag from runs r "
                + "join tags t on t.run_id = r.run_id")
        #expect(rows.count == 1)
        #expect(rows[0]["stages_fresh"] == .number(2) && rows[0]["stages_executed"] == .number(0))
        #expect(
            try project.query(
                "select stage, verdict, execution_id from decisions where run_id = (select max(run_id) from runs) order by 1"
            )
                == [
                    ["stage": .text("a"), "verdict": .text("fresh"), "execution_id": .number(1)],
                    ["stage": .text("b"), "verdict": .text("fresh"), "execution_id": .number(2)],
                ])
    }

    /// A change to a project with a cached plan, and whether the stage runs again.
    @Test(arguments: [
        ("an input", #"echo two > in"#, true), ("an input's time", "touch -d 2001-01-01 in", false),
        ("an output", "echo mine > a", true), ("a missing output", "rm a", true),
        ("an output that was written again", "cp a b && cp b a", false),
        ("a replaced input", "cp in n && mv n in", false),
    ])
    func changedFilesAreDetected(what: String, command: String, runs: Bool) throws {
        let project = try project()
        try settle(project)
        #expect(system("cd '\(project.path("."))' && \(command)") == 0)
        let result = try project.runs("exec", "--overwrite")
        #expect(result.status == 0, "\(result.story)")
        // The output is restored or made again.
        #expect(result.errorOutput.contains("nothing to run") == !runs, "\(what): \(result.story)")
        #expect(project.read("a") == project.read("in"))
    }

    @Test func changedExpansionInputsAreDetected() throws {
        let project = try project(
            #""a": {"command": ["env", "cp", "in", "a"], "inputs": ["in"], "outputs": ["a"], "pass_env": ["FLAVOUR"]}"#)
        try settle(project)
        #expect(try project.runs(["exec"], environment: ["FLAVOUR": "sour"]).errorOutput.contains("a: started"))
        #expect(try project.runs("exec").errorOutput.contains("fresh, nothing to run"))
        try settle(project)
        try project.write("env", "not meant to be run")
        #expect(try project.runs("exec", "--dry-run").output.contains("a"))
        #expect(
            try !project.runs("exec").errorOutput.contains("fresh, nothing to run"),
            "its program is a file of the project now")
    }

    @Test func aChangedParamsFileIsDetected() throws {
        let project = try TestProject()
        try project.write("params.json", #"{"lr": 1}"#)
        try project.write(
            "pipeline.json",
            #"{"name": "p", "params_file": "params.json", "stages": {"a": {"command": "echo ${{ params.lr }} > a", "outputs": ["a"]}}}"#
        )
        try settle(project)
        try project.write("params.json", #"{"lr": 2}"#)
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("a") == "2\n")
    }

    @Test func otherRequestsDoNotUseTheCachedPlan() throws {
        let project = try project(
            #""a": {"command": "echo ${{ params.lr }} > a", "outputs": ["a"]}, "b": {"command": "cat in > b", "inputs": ["in"], "outputs": ["b"]}"#
        )
        try settle(project)
        #expect(try project.runs("exec", "--set", "lr=2").errorOutput.contains("a: started"))
        #expect(project.read("a") == "2\n")
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("a") == "1\n", "it is put back")
        try settle(project)
        #expect(try project.runs("exec", "--force", "b").errorOutput.contains("b: started"))
        #expect(try project.runs("exec", "b").errorOutput.contains("fresh, nothing to run"))
        #expect(
            try project.query("select stages_fresh from runs order by run_id desc limit 1") == [
                ["stages_fresh": .number(1)]
            ])
    }

    @Test func reviewedResultsAreDetected() throws {
        let project = try project()
        try settle(project)
        #expect(try project.runs("reject", "1", "--reason", "wrong").status == 0)
        #expect(try project.runs("exec").errorOutput.contains("a: started"))
        try settle(project)
        #expect(try project.runs("gc", "--older-than", "0s", "--rows").status == 0)
        #expect(try project.runs("exec").errorOutput.contains("fresh, nothing to run"))
        #expect(try project.runs("doctor").status == 0)
    }

    /// A long run must not cache results that were reviewed, or executions that were superseded, meanwhile.
    @Test(arguments: [
        (["reject", "1", "--reason", "wrong"], "a: started"), (["exec", "--set", "lr=2", "x"], "x: started"),
    ])
    func changesDuringARunAreDetected(command: [String], isAnswered: String) throws {
        // Were the words for its signals known as files of the project, all would be looked at in any case.
        let project = try project(
            #"""
            "a": {"command": "cat in > a", "inputs": ["in"], "outputs": ["a"]},
            "x": {"command": "echo ${{ params.lr }}"},
            "slow": {"command": "touch $PWD/begun; while ! test -e $PWD/go; do sleep 0.01; done; cat s > o", "inputs": ["s"], "outputs": ["o"]}
            """#)
        try project.write("s", "1")
        try project.write("go", "")
        try settle(project)
        #expect(system("cd '\(project.path("."))' && rm go begun") == 0)
        try project.write("s", "2")
        let slow = try project.start(["exec"])
        try wait(for: "the slow stage") { project.exists("begun") }
        #expect(try project.runs(command).status == 0)
        try project.write("go", "")
        #expect(try slow.finish(timeout: .seconds(60)).status == 0)
        let result = try project.runs("exec")
        #expect(result.errorOutput.contains(isAnswered), "\(result.story)")
    }

    /// A corrupt cache must neither crash the program nor make it skip stages.
    @Test(arguments: [
        "stages_fresh = -9223372036854775808", "stages_fresh = 9223372036854775807",
        "unexecuted_set_id = 12345", "unexecuted_set_id = NULL", "stamps = x''", "stages = x''",
    ])
    func corruptCachedPlansAreIgnored(change: String) throws {
        for edit in ["", "two"] {
            let project = try project(
                #""a": {"command": "cat in > a", "inputs": ["in"], "outputs": ["a"]}, "b": {"command": "cat s > b", "inputs": ["s"], "outputs": ["b"]}"#
            )
            try project.write("s", "1")
            try settle(project)
            try project.changeStore("PRAGMA foreign_keys = OFF; UPDATE standings SET \(change)")
            if !edit.isEmpty { try project.write("in", edit) }
            let result = try project.runs("exec")
            #expect(
                result.status == 0
                    && result.errorOutput.contains(edit.isEmpty ? "nothing to run" : "1 succeeded, 1 fresh"),
                "\(result.story)")
            #expect(try project.integrity() == "ok")
            #expect(
                try project.query("select stages_total, stages_fresh from runs order by run_id desc limit 1")
                    == [["stages_total": .number(2), "stages_fresh": .number(edit.isEmpty ? 2 : 1)]])
        }
    }

    @Test func invalidOptionsFailEvenIfNothingRuns() throws {
        let project = try project()
        try settle(project)
        for mistake in [["--grace", "soon"], ["--capacity", "licence=some"], ["--capacity", "licence"]] {
            let result = try project.runs(["exec"] + mistake)
            #expect(
                result.status == 2 && result.errorOutput.contains(mistake[0] == "--grace" ? "soon" : "licence"),
                "\(result.story)")
        }
        #expect(
            try project.runs("exec", "--grace", "1s", "--capacity", "licence=2").errorOutput.contains("nothing to run"))
    }

    @Test func foldersPatternsAndAlwaysStagesAreCheckedEachTime() throws {
        let project = try project(
            #"""
            "folder": {"command": "ls data > f", "inputs": ["data"], "outputs": ["f"]},
            "pattern": {"command": "ls *.csv > g", "inputs": ["*.csv"], "outputs": ["g"]},
            "always": {"command": "echo x >> /dev/null", "always": true},
            "calm": {"command": "cat in > c", "inputs": ["in"], "outputs": ["c"]}
            """#)
        try project.write("data/sub/1", "1")
        try project.write("1.csv", "1")
        for _ in 0..<3 { #expect(try project.runs("exec").errorOutput.contains("always: succeeded")) }
        try project.write("data/sub/2", "2")
        #expect(try project.runs("exec").errorOutput.contains("folder: started"))
        try project.write("2.csv", "2")
        let result = try project.runs("exec")
        #expect(result.errorOutput.contains("pattern: started") && !result.errorOutput.contains("folder: started"))
        #expect(project.read("g") == "1.csv\n2.csv\n")
        let counts = try project.query(
            "select stages_total, stages_fresh, stages_executed from runs order by run_id desc limit 1")
        #expect(counts == [["stages_total": .number(4), "stages_fresh": .number(2), "stages_executed": .number(2)]])
    }

    @Test func aFailedStageKeepsOthersCached() throws {
        let project = try project(
            #""a": {"command": "grep one in > a", "inputs": ["in"], "outputs": ["a"]}, "b": {"command": "cat other > b", "inputs": ["other"], "outputs": ["b"]}"#
        )
        try project.write("other", "x")
        try settle(project)
        try project.write("in", "two")
        #expect(try project.runs("exec").status == 1)
        #expect(try project.runs("exec").status == 1)
        try project.write("in", "one again")
        let result = try project.runs("exec")
        #expect(result.status == 0 && result.errorOutput.contains("1 fresh"), "\(result.story)")
    }

    /// Random edits to the files of a pipeline of twelve stages; after each, the run does what the plan said, which
    /// does not use the cache, and the outputs are correct.
    @Test(arguments: testSeeds(from: 20_261_125, count: 8))
    func matchesAFullPlan(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let count = 12
        var inputs: [[String]] = []
        for stage in 0..<count {
            let made = (0..<stage).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }.map { "out\($0)" }
            let sources = (0..<4).filter { _ in Bool.random(using: &random) }.map { "src\($0)" }
            inputs.append((made + sources).isEmpty ? ["src0"] : made + sources)
        }
        // Some sources are not named, but reported.
        let stages = inputs.indices.map { stage in
            let hidden = inputs[stage].filter { $0.hasPrefix("src") && Int.random(in: 0..<3, using: &random) == 0 }
            let names = inputs[stage].filter { !hidden.contains($0) }.map { "\"\($0)\"" }.joined(separator: ", ")
            let reports = hidden.map { #"; echo '{\"input\": \"\#($0)\"}' >> $RUNS_METRICS"# }.joined()
            return
                #""s\#(stage)": {"command": "cat \#(inputs[stage].joined(separator: " ")) > out\#(stage)\#(reports)", "inputs": [\#(names)], "outputs": ["out\#(stage)"]}"#
        }
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {\#(stages.joined(separator: ",\n"))}}"#)
        for source in 0..<4 { try project.write("src\(source)", "source \(source)\n") }
        var story = "seed \(seed)"
        for step in 0..<20 {
            let edit = step == 0 ? "true" : randomEdit(count, step, &random)
            story += "\n\(step): \(edit)"
            #expect(system("cd '\(project.path("."))' && \(edit)") == 0, "\(story)")
            let plan = try JSON.lines(project.runs("exec", "--dry-run", "--output", "jsonl").output)
            func planned(_ verdicts: Set<String>) -> Set<String> {
                Set(plan.filter { verdicts.contains($0["verdict"]?.text ?? "") }.compactMap { $0["stage"]?.text })
            }
            let result = try project.runs("exec", "--overwrite", "-j2")
            #expect(result.status == 0, "\(story)\n\(result.story)")
            let executed = Set(try project.executedStages())
            #expect(executed.isSuperset(of: planned(["run"])), "\(story)\n\(result.story)")
            #expect(executed.isSubset(of: planned(["run", "may_run"])), "\(story)\n\(result.story)")
            var contents: [String: String] = [:]
            for source in 0..<4 { contents["src\(source)"] = project.read("src\(source)") }
            for stage in inputs.indices {
                contents["out\(stage)"] = inputs[stage].map { contents[$0] ?? "" }.joined()
                #expect(project.read("out\(stage)") == contents["out\(stage)"], "\(story)\n\(result.story)")
            }
            let total = try project.query(
                "select count(*) as n from decisions where run_id = (select max(run_id) from runs)")
            #expect(total == [["n": .number(Double(count))]] || !executed.isEmpty, "\(story)")
        }
    }

    private func randomEdit(_ stages: Int, _ step: Int, _ random: inout SeededGenerator) -> String {
        let source = "src\(Int.random(in: 0..<4, using: &random))"
        let output = "out\(Int.random(in: 0..<stages, using: &random))"
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return "echo 'source \(step)' > \(source)"
        case 1: return "echo 'source' > \(source)"
        case 2: return "rm \(output)"
        case 3: return "echo changed > \(output)"
        case 4: return "touch \(source) \(output)"
        case 5: return "cp \(output) copy && mv copy \(output)"
        default: return "true"
        }
    }
}
