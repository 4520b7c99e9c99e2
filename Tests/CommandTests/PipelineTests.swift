// Features of the pipeline format with real stages: templates, quoting, params, environment, folders, patterns.

import TestSupport
import Testing

@Suite struct PipelineTests {
    private func project(_ pipeline: String) throws -> TestProject { try TestProject(pipeline: pipeline) }

    @Test func aStageSeesItsParamsAndVariables() throws {
        let project = try project(
            #"""
            {"name": "p", "params": {"lr": 0.05, "tags": ["a b", "c"]}, "stages": {"s": {
              "command": "cp $RUNS_PARAMS params.json; echo $RUNS_RUN_ID $RUNS_STAGE $RUNS_ATTEMPT $RUNS_CPUS $RUNS_MEMORY_BYTES $OMP_NUM_THREADS $MODE > seen",
              "params": {"tags": ["x"], "lr": 0.10}, "env": {"MODE": "fast"}, "resources": {"cpus": 2, "memory": "1MiB"}}}}
            """#)
        let result = try project.runs(["exec", "--capacity", "cpus=2"], environment: ["OMP_NUM_THREADS": "7"])
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("params.json") == #"{"lr":0.10,"tags":["x"]}"# + "\n")
        #expect(project.read("seen") == "1 s 1 2 1048576 7 fast\n")
    }

    @Test func aPassedVariableIsPartOfTheKeyAndASecretIsNotStored() throws {
        let project = try project(
            #"{"name": "p", "stages": {"s": {"command": "echo $API_TOKEN > out", "outputs": ["out"], "pass_env": ["API_TOKEN"]}}}"#
        )
        for (token, runs) in [("sesame", true), ("sesame", false), ("other", true)] {
            #expect(try project.runs(["exec"], environment: ["API_TOKEN": token]).status == 0)
            #expect(try project.executedStages() == (runs ? ["s"] : []), "\(token)")
            #expect(project.read("out") == "\(token)\n")
        }
        // The stage itself wrote it to its output, of which an earlier version is kept.
        for (path, text) in project.files(below: ".runs") where !path.contains("/kept/") {
            #expect(!text.contains("sesame"), "\(path)")
        }
    }

    @Test func oddNamesSurviveTemplatesShellAndStore() throws {
        let names = ["plain", "a b", "it's", "ü", "-n", "q\\\"q", "d$HOME", "new\\nline", "semi;colon"]
        let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
        let project = try project(
            #"""
            {"name": "odd", "stages": {
              "argv": {"matrix": {"n": [\#(list)]}, "command": ["cp", "--", "${{ inputs.a }}", "${{ outputs.b }}"],
                       "inputs": {"a": "in.txt"}, "outputs": {"b": "argv/${{ matrix.n }}.txt"}},
              "shell": {"command": "cat -- ${{ inputs.all }} > ${{ outputs.sum }}",
                        "inputs": {"all": {"from": "argv.b"}}, "outputs": {"sum": "-sum of all.txt"}}}}
            """#)
        try project.write("in.txt", "x")
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("-sum of all.txt") == String(repeating: "x", count: names.count))
        #expect(!result.errorOutput.contains("\u{1b}"))
        #expect(try project.runs("exec").errorOutput == "odd: all 10 stages fresh, nothing to run\n")
        #expect(try project.query("select count(distinct path) as n from outputs")[0]["n"]?.integer == 10)
    }

    @Test func foldersAndPatternsAreInputs() throws {
        let project = try project(
            #"""
            {"name": "p", "stages": {
              "make": {"command": "mkdir -p out/sub && cp src/*.txt out/ && echo deep > out/sub/d.txt", "inputs": ["src/*.txt"], "outputs": ["out"]},
              "count": {"command": "find out -type f | wc -l > n.txt", "inputs": ["out"], "outputs": ["n.txt"]},
              "deep": {"command": "cat out/sub/d.txt > deep.txt", "inputs": ["out/sub/d.txt"], "outputs": ["deep.txt"]}}}
            """#)
        try project.write("src/a.txt", "a")
        try project.write("src/b.txt", "b")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["count", "deep", "make"])
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == [])
        // A new file that matches: the folder changes, the file deep inside it does not.
        try project.write("src/c.txt", "c")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["count", "make"])
        #expect(project.read("n.txt")?.contains("4") ?? false)
        // A file that does not match changes nothing.
        try project.write("src/d.log", "d")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == [])
    }

    @Test func theProgramIsAnInput() throws {
        let project = try project(
            #"{"name": "p", "stages": {"s": {"command": ["sh", "make.sh"], "outputs": ["out"]}, "t": {"command": ["sh", "make.sh", "2"], "outputs": ["2"], "track_program": false}}}"#
        )
        try project.write("make.sh", "echo one > ${1:-out}")
        #expect(try project.runs("exec").status == 0)
        try project.write("make.sh", "echo two > ${1:-out}")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["s"])
        #expect(
            try project.query("select name, path from inputs where run_id = 2") == [
                ["name": .text("program"), "path": .text("make.sh")]
            ])
    }

    @Test func identicalOutputsKeepDependentsFresh() throws {
        let project = try project(
            #"{"name": "p", "stages": {"a": {"command": "head -c 1 in > mid", "inputs": ["in"], "outputs": ["mid"]}, "b": {"command": "cp mid end", "inputs": ["mid"], "outputs": ["end"]}}}"#
        )
        try project.write("in", "xyz")
        try project.runs("exec")
        try project.write("in", "xab")
        let plan = try JSON.lines(try project.runs("exec", "--dry-run", "--output", "jsonl").output)
        #expect(plan.map { $0["verdict"]?.text } == ["run", "may_run"])
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a"])
    }

    @Test func touchingAFileChangesNothing() throws {
        let project = try project(
            #"{"name": "p", "stages": {"a": {"command": "cp in out", "inputs": ["in"], "outputs": ["out"]}}}"#)
        try project.write("in", "x")
        try project.runs("exec")
        try project.write("in", "x")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == [])
    }

    @Test func alwaysForceOnlyAndDownstream() throws {
        let project = try project(
            #"""
            {"name": "p", "stages": {
              "a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]},
              "b": {"command": "cp a b", "inputs": ["a"], "outputs": ["b"]},
              "c": {"command": "cp b c", "inputs": ["b"], "outputs": ["c"]},
              "d": {"command": "date > d", "outputs": ["d"], "always": true}}, "default": ["c"]}
            """#)
        try project.write("in", "1")
        let table: [([String], [String])] = [
            ([], ["a", "b", "c"]), ([], []), (["d"], ["d"]), (["d"], ["d"]), (["b", "--force"], ["b"]),
        ]
        for (arguments, expected) in table {
            #expect(try project.runs(["exec"] + arguments).status == 0)
            #expect(try project.executedStages() == expected, "\(arguments)")
        }
        try project.write("in", "2")
        #expect(try project.runs("exec", "b", "--only").status == 0)
        #expect(try project.executedStages() == [], "b's own input is as it was")
        #expect(try project.runs("exec", "a", "--downstream").status == 0)
        #expect(try project.executedStages() == ["a", "b", "c"])
    }

    @Test func needsOrderAndBlockAlsoWhatIsFresh() throws {
        let project = try project(
            #"""
            {"name": "p", "stages": {
              "check": {"command": "cat src; test ! -e fail", "inputs": ["src"]},
              "a": {"command": "echo a > a", "needs": ["check"], "outputs": ["a"]},
              "c": {"command": "cat a other > c", "inputs": ["a", "other"], "outputs": ["c"]}}}
            """#)
        try project.write("src", "1")
        try project.write("other", "1")
        #expect(try project.runs("exec").status == 0)
        try project.write("src", "2")
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["check"])
        try project.write("src", "3")
        try project.write("other", "3")
        try project.write("fail", "")
        #expect(try project.runs("exec", "--keep-going").status == 1)
        #expect(try project.executedStages() == ["check"])
        #expect(
            try project.query("select stage from decisions where run_id = 3 and verdict = 'blocked' order by stage")
                .map { $0["stage"]?.text } == ["a", "c"])
    }

    @Test func aFrozenStageIsNeverRun() throws {
        let project = try project(
            #"""
            {"name": "p", "stages": {
              "a": {"command": "echo a > a", "outputs": ["a"]},
              "b": {"command": "cp a b", "inputs": ["a"], "outputs": ["b"], "frozen": true},
              "c": {"command": "cp b c", "inputs": ["b"], "outputs": ["c"]}}}
            """#)
        #expect(try project.runs("exec", "c").status == 1, "its frozen output is missing")
        #expect(try project.executedStages() == [])
        try project.write("b", "by hand")
        #expect(try project.runs("exec", "c").status == 0)
        #expect(try project.executedStages() == ["c"])
        #expect(project.read("c") == "by hand")
        #expect(try project.runs("exec", "b", "--force").status == 2)
    }

    @Test func aCheckpointStaysWhileTheKeyIsTheSame() throws {
        let project = try project(
            #"""
            {"name": "p", "params": {"lr": 1}, "stages": {"t": {
              "command": "echo step >> ck; echo ${{ params.lr }} > out; test -e ok", "outputs": {"out": "out", "ck": {"path": "ck", "persist": true}}}}}
            """#)
        #expect(try project.runs("exec").status == 1)
        #expect(try project.runs("exec").status == 1)
        #expect(project.read("ck") == "step\nstep\n", "a failed attempt is continued")
        #expect(try project.runs("exec", "--set", "lr=2").status == 1)
        #expect(project.read("ck") == "step\n", "another key starts over")
        #expect(try project.runs("exec", "--set", "lr=3", "--resume").status == 1)
        #expect(project.read("ck") == "step\nstep\n")
        try project.write("ok", "")
        #expect(try project.runs("exec", "--set", "lr=3").status == 0)
        #expect(project.read("ck") == "step\nstep\nstep\n")
        #expect(
            try project.query("select resumed from executions order by execution_id").map { $0["resumed"]?.integer }
                == [0, 0, 0, 1, 0])
    }

    @Test func aCheckpointStaysOfAStageThatAlwaysRuns() throws {
        let project = try project(
            #"""
            {"stages": {"t": {"command": "echo l >> log; echo l >> new", "always": true,
              "outputs": {"l": {"path": "log", "persist": true}, "n": "new"}}}}
            """#)
        for _ in 0..<3 { #expect(try project.runs("exec").status == 0) }
        #expect(project.read("log") == "l\nl\nl\n")
        #expect(project.read("new") == "l\n", "an output that does not persist is made anew")
        #expect(try project.runs("exec", "--force", "--resume").status == 0)
        #expect(project.read("log") == "l\nl\nl\nl\n")
        #expect(try project.runs("exec", "--force").status == 0)
        #expect(project.read("log") == "l\n", "--force alone begins anew")
        #expect(try project.query("select sum(resumed) as n from executions").first?["n"]?.integer == 0)
    }

    @Test func aCacheStaysWhenTheKeyChanges() throws {
        let project = try project(
            #"""
            {"params": {"v": 1}, "stages": {"t": {"command": "echo ${{ params.v }} >> cache; cp cache out",
              "outputs": {"cache": {"path": "cache", "persist": "always"}, "out": "out"}}}}
            """#)
        for value in [1, 2, 3] { #expect(try project.runs("exec", "--set", "v=\(value)").status == 0) }
        #expect(project.read("out") == "1\n2\n3\n")
        #expect(try project.runs("exec", "--set", "v=3").errorOutput.contains("nothing to run"))
        #expect(
            try project.query("select resumed from executions order by execution_id").map { $0["resumed"]?.integer }
                == [0, 1, 1])
        #expect(try project.runs("exec", "--set", "v=4", "--force").status == 0)
        #expect(project.read("out") == "4\n", "--force alone begins anew")
        #expect(try project.runs("exec", "--set", "v=1").status == 0)
        #expect(project.read("out") == "4\n1\n", "what changed the cache in place cannot be restored")
    }

    @Test(arguments: [#""keep""#, "0", "null", #""Always""#])
    func persistIsAFlagOrAlways(_ value: String) throws {
        let project = try project(
            #"{"stages": {"t": {"command": "x", "outputs": {"o": {"path": "o", "persist": \#(value)}}}}}"#)
        let result = try project.runs("exec")
        #expect(result.status == 2)
        #expect(result.errorOutput.contains(#"must be true, false or "always""#), "\(result.story)")
    }

    @Test func theVersionThatWasInPlaceLongestAgoIsDropped() throws {
        let project = try project(
            #"""
            {"params": {"lr": 1}, "stages": {"t": {"command": "echo ${{ params.lr }} | tee a > d/b",
              "outputs": ["a", "d/b"]}}}
            """#)
        func exec(_ value: Int) throws -> String { try project.runs("exec", "--set", "lr=\(value)").errorOutput }
        for value in [1, 2] { #expect(try exec(value).contains("1 succeeded")) }
        #expect(try exec(1).contains("1 restored"))
        #expect(try exec(3).contains("1 succeeded"))
        #expect(project.exists(".runs/kept/1/a") && !project.exists(".runs/kept/2"), "1 was in place a moment ago")
        #expect(try exec(1).contains("1 restored"))
        #expect(try exec(2).contains("1 succeeded"))
    }

    @Test func aPipelineBelowTheStoreSharesIt() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json", #"{"name": "top", "stages": {"a": {"command": "echo a > a", "outputs": ["a"]}}}"#)
        try project.write(
            "sub/pipeline.json",
            #"{"name": "below", "stages": {"b": {"command": "cp ../a b", "inputs": ["../a"], "outputs": ["b"]}}}"#)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.runs(["exec"], in: "sub").status == 0)
        #expect(!project.exists("sub/.runs"))
        #expect(
            try project.query("select path from outputs order by path", in: "sub").map { $0["path"]?.text } == [
                "a", "sub/b",
            ])
        #expect(try project.runs(["exec"], in: "sub").errorOutput == "below: 1 stage fresh, nothing to run\n")
    }
}
