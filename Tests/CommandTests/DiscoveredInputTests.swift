// Inputs that are not named: imported modules, depfiles, reported paths. An edit of one runs its stage again, going back
// puts the old result back, and nothing else runs.

import TestSupport
import Testing

/// As users have it: Python caches its bytecode.
private let environment = ["PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": ""]

extension TestProject {
    /// Runs to the end and returns the stages that were executed.
    fileprivate func executed(_ arguments: String...) throws -> [String] {
        let result = try runs(["exec", "--output", "jsonl"] + arguments, environment: environment)
        guard result.status == 0 else { throw HarnessError(result.story) }
        return try JSON.lines(result.output).filter { $0["event"]?.text == "stage_started" }.compactMap {
            $0["stage"]?.text
        }.sorted()
    }

    /// The discovered inputs of the newest execution of a stage.
    fileprivate func discovered(_ stage: String) throws -> [String] {
        try query(
            "select path from inputs where name = 'discovered' and execution_id = "
                + "(select max(execution_id) from executions where stage = '\(stage)') order by path"
        ).compactMap { $0["path"]?.text }
    }
}

@Suite struct DiscoveredInputTests {
    private static let train =
        #""train": {"command": "python3 scripts/train.py ${{ outputs.m }}", "outputs": {"m": "m"}}"#

    private func project(_ stages: String = train, _ files: [String: String] = [:]) throws -> TestProject {
        try TestProject(
            stages: stages,
            files: [
                "scripts/train.py": "import model, sys\nopen(sys.argv[1], 'w').write(model.name)\n",
                "scripts/model.py": "name = 'one'\n", "scripts/other.py": "name = 'nobody reads it'\n",
            ].merging(files) { $1 })
    }

    // MARK: - Imports

    @Test func anEditedModuleRunsItsStageAgain() throws {
        let project = try project()
        #expect(try project.executed() == ["train"])
        #expect(try project.discovered("train") == ["scripts/model.py"])
        #expect(try project.executed() == [])
        try project.write("scripts/other.py", "name = 'still nobody'\n")
        #expect(try project.executed() == [])
        try project.write("scripts/model.py", "name = 'the other'\n")
        let why = try project.runs("why", "train")
        #expect(why.output.contains("input scripts/model.py changed"), "\(why.story)")
        #expect(try project.executed() == ["train"])
        #expect(project.read("m") == "the other")
        try project.write("scripts/model.py", "name = 'one'\n")
        #expect(try project.executed() == [])
        #expect(project.read("m") == "one", "the old result is put back")
        try project.remove("scripts/model.py")
        #expect(try project.runs("exec").status == 1)
    }

    /// Each program prints to the file of its last argument what its module is called.
    @Test(arguments: [
        ("by -m", #"["python3", "-m", "pkg.run", "${{ outputs.o }}"]"#, "pkg/lib.py"),
        ("a package by -m", #"["python3", "-m", "pkg", "${{ outputs.o }}"]"#, "pkg/__main__.py"),
        ("by -c", #"["python3", "-c", "import pkg.run", "${{ outputs.o }}"]"#, "pkg/lib.py"),
        ("in a shell", #""cd pkg && exec python3 run2.py ../o""#, "pkg/lib.py"),
        ("a script of its own", #""./start ${{ outputs.o }}""#, "pkg/lib.py"),
        ("os._exit", #"["python3", "quick.py", "${{ outputs.o }}"]"#, "pkg/lib.py"),
        ("a forked worker", #"["python3", "fork.py", "${{ outputs.o }}"]"#, "pkg/lib.py"),
        ("a spawned worker", #"["python3", "spawn.py", "${{ outputs.o }}"]"#, "worker.py"),
        ("a program of a program", #"["python3", "sub.py", "${{ outputs.o }}"]"#, "pkg/lib.py"),
        ("an archive", #"["python3", "zipped.py", "${{ outputs.o }}"]"#, "lib.zip"),
        ("a script that a script starts", #"["sh", "run.sh", "${{ outputs.o }}"]"#, "main.py"),
        ("a module whose entry is deleted", #"["python3", "forget.py", "${{ outputs.o }}"]"#, "pkg/lib.py"),
    ])
    func modulesAreFollowed(how: String, command: String, module: String) throws {
        let write = "import sys\nfrom pkg import lib\nopen(sys.argv[-1], 'w').write(lib.name)\n"
        let project = try project(
            #""a": {"command": \#(command), "outputs": {"o": "o"}}"#,
            [
                "pkg/__init__.py": "", "pkg/lib.py": "name = 'first'\n", "pkg/run.py": write, "pkg/__main__.py": write,
                "pkg/run2.py": "import sys, lib\nopen(sys.argv[-1], 'w').write(lib.name)\n",
                "run.sh": "python3 main.py \"$@\"\n", "main.py": write,
                "quick.py": "import os\nimport pkg.run\nos._exit(0)\n",
                "fork.py": """
                import os
                child = os.fork()
                if child == 0:
                    import pkg.run
                    os._exit(0)
                os.waitpid(child, 0)
                """,
                "worker.py": "def work(path):\n    import pkg.lib\n    open(path, 'w').write(pkg.lib.name)\n",
                "spawn.py": """
                import multiprocessing, sys
                if __name__ == '__main__':
                    import worker
                    process = multiprocessing.get_context('spawn').Process(target=worker.work, args=(sys.argv[1],))
                    process.start()
                    process.join()
                """,
                "sub.py":
                    "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pkg.run', sys.argv[1]])\n",
                "zipped.py":
                    "import sys\nsys.path.insert(0, 'lib.zip')\nimport inside\nopen(sys.argv[1], 'w').write('x')\n",
                "forget.py":
                    "import sys\nimport pkg.run\nfor name in list(sys.modules):\n    if name.startswith('pkg'): del sys.modules[name]\n",
            ])
        try project.write("start", "#!/usr/bin/env python3\n" + write, executable: true)
        try project.write("inside.py", "name = 'first'\n")
        try project.shell("python3 -m zipfile -c lib.zip inside.py && rm inside.py")
        #expect(try project.executed() == ["a"])
        let inputs = try project.query("select path from inputs").compactMap { $0["path"]?.text }
        #expect(inputs.contains(module), "\(how): \(inputs)")
        #expect(try project.executed() == [], "\(how)")
        if module == "lib.zip" {
            try project.write("inside.py", "name = 'second'\n")
            try project.shell("python3 -m zipfile -c lib.zip inside.py && rm inside.py")
        } else {
            try project.write(module, (project.read(module) ?? "") + "name = 'second'\n")
        }
        #expect(try project.executed() == ["a"], "\(how)")
    }

    @Test func onlyModulesOfTheProjectCount() throws {
        let project = try project(
            #""a": {"command": ["python3", "main.py"], "inputs": ["src"], "outputs": ["made.py"]}"#,
            [
                "main.py": """
                import json, sys
                sys.path[:0] = ["src", "site-packages", "\(TemporaryModule.folder.folder)"]
                import inner, vendored, elsewhere
                open("made.py", "w").write("x = 1")
                import made
                """,
                "src/inner.py": "", "site-packages/vendored.py": "",
            ])
        #expect(try project.executed() == ["a"])
        #expect(try project.discovered("a") == [])
    }

    @Test func oddNamesAreFollowed() throws {
        let names = ["new\nline", "back\\slash", "with space", "ünï"]
        let project = try project(
            #""a": {"command": ["python3", "main.py"]}"#,
            [
                "main.py": """
                import importlib, sys
                for name in ["new\\nline", "back\\\\slash", "with space", "\\u00fcn\\u00ef"]: importlib.import_module(name)
                """
            ])
        for name in names { try project.write("\(name).py", "x = 1\n") }
        #expect(try project.executed() == ["a"])
        #expect(Set(try project.discovered("a")) == Set(names.map { "\($0).py" }))
        for name in names {
            #expect(try project.executed() == [])
            try project.write("\(name).py", "x = 22\n")
            #expect(try project.executed() == ["a"])
        }
    }

    @Test func anotherSitecustomizeStillRuns() throws {
        let project = try project(
            #""a": {"command": ["python3", "-c", "import builtins; print(builtins.word)"]}"#,
            ["site/sitecustomize.py": "import builtins\nbuiltins.word = 'hidden, but run'\n"])
        let result = try project.runs(["exec"], environment: ["PYTHONPATH": project.path("site")])
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read(".runs/logs/1/a.1.log") == "hidden, but run\n")
        #expect(try project.discovered("a") == ["site/sitecustomize.py"])
    }

    /// Python knows cached bytecode by the size of the file and the second in which it was written.
    @Test func editsWithinASecondAreSeen() throws {
        let project = try project(
            #""a": {"command": ["python3", "-c", "import lib; open('o', 'w').write(lib.word)"], "outputs": ["o"]}"#,
            ["lib.py": "word = '0'\n"])
        for word in ["1", "2", "3", "4"] {
            try project.write("lib.py", "word = '\(word)'\n")
            #expect(try project.executed() == ["a"])
            #expect(project.read("o") == word)
        }
    }

    @Test func tracebacksDoNotShowTheHook() throws {
        let project = try project(#""a": {"command": ["python3", "-c", "import broken"]}"#, ["broken.py": "def f(:\n"])
        #expect(try project.runs("exec").status == 1)
        let log = try #require(project.read(".runs/logs/1/a.1.log"))
        #expect(log.contains("SyntaxError") && !log.contains("sitecustomize") && !log.contains("<frozen"), "\(log)")
    }

    @Test func pythonWithoutTheHookIsToldOnce() throws {
        let project = try project(
            #"""
            "a": {"command": ["python3", "-I", "-c", "print(${{ matrix.k }})"], "matrix": {"k": [1, 2, 3]}},
            "b": {"command": ["python3", "-I", "-c", "print(1)"], "track_imports": false},
            "c": {"command": "echo python3"}
            """#)
        let result = try project.runs("exec")
        #expect(result.status == 0)
        #expect(
            result.errorOutput.split(separator: "\n").count { $0.contains("which modules it imports") } == 1,
            "\(result.story)")
    }

    @Test func importsNeedNotBeTracked() throws {
        let project = try project(
            #""train": {"command": "python3 scripts/train.py m", "outputs": ["m"], "track_imports": false}"#)
        #expect(try project.executed() == ["train"])
        #expect(try project.discovered("train") == [])
        try project.write("scripts/model.py", "name = 'two'\n")
        #expect(try project.executed() == [])
        try project.write(
            "pipeline.json",
            #"{"name": "q", "defaults": {"track_imports": false}, "stages": {"train": {"command": "python3 scripts/train.py n", "outputs": ["n"]}}}"#
        )
        #expect(try project.executed() == ["train"])
        #expect(try project.discovered("train") == [])
    }

    /// What an input leaves out of its folder counts if it is imported.
    @Test(arguments: [#"{"path": "src", "exclude": ["gen_*"]}"#, #"{"path": "src", "exclude": ["deep/"]}"#])
    func excludedModulesAreDiscovered(_ input: String) throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "python3 src/t.py", "inputs": {"s": \#(input)}, "outputs": ["o"]}
                """#,
            files: [
                "src/gen_a.py": "A = 1\n", "src/deep/b.py": "B = 1\n",
                "src/t.py": "import gen_a, deep.b; open('o', 'w').write(f'{gen_a.A}{deep.b.B}')\n",
            ])
        try project.expect("exec", files: ["o": "11"])
        try project.write("src/gen_a.py", "A = 2\n")
        try project.write("src/deep/b.py", "B = 20\n")
        try project.expect("exec", files: ["o": "220"], executed: ["a"])
        try project.expect("exec", executed: [])
    }

    @Test func aProgramThatIsNotTrackedIsNotDiscoveredEither() throws {
        let project = try project(
            #""a": {"command": ["python3", "train.py"], "workdir": "scripts", "track_program": false}"#,
            ["scripts/train.py": "import model\n"])
        #expect(try project.executed() == ["a"])
        #expect(try project.discovered("a") == ["scripts/model.py"])
        try project.write("scripts/train.py", "import model, sys\n")
        #expect(try project.executed() == [])
    }

    /// Nothing tells what a shell script sources.
    @Test func sourcedFilesAreWarnedAbout() throws {
        let project = try project(
            #"""
            "a": {"command": ["sh", "run.sh", "${{ matrix.k }}"], "matrix": {"k": [1, 2]}},
            "b": {"command": ". ./lib.sh && echo $word"}, "c": {"command": "source lib.sh"},
            "d": {"command": ["sh", "run.sh"], "inputs": ["lib.sh"]}
            """#, ["run.sh": ". ./lib.sh\necho $word\n", "lib.sh": "word=x\n"])
        let result = try project.runs("exec", "a", "b", "d")
        #expect(result.status == 0, "\(result.story)")
        let warnings = result.errorOutput.split(separator: "\n").filter { $0.contains("'lib.sh'") }
        #expect(warnings.count { $0.contains("stages.a: its program 'run.sh' sources the file") } == 1, "\(warnings)")
        #expect(warnings.count { $0.contains("stages.b: the command uses the file") } == 1, "\(warnings)")
        #expect(warnings.count { $0.contains("stages.c: the command uses the file") } == 1, "\(warnings)")
        #expect(!warnings.contains { $0.contains("stages.d") }, "\(warnings)")
    }

    // MARK: - Depfiles and reported paths

    @Test func prerequisitesInADepfileAreInputs() throws {
        let project = try project(
            #"""
            "cc": {"command": "cat main.c lib.h > main.o; echo 'main.o: main.c lib.h \\' > x.d; echo '  /usr/include/stdio.h' >> x.d",
                   "workdir": "sub", "inputs": ["sub/main.c"], "outputs": ["sub/main.o"], "depfile": "x.d"}
            """#, ["sub/main.c": "c", "sub/lib.h": "h"])
        #expect(try project.executed() == ["cc"])
        #expect(try project.discovered("cc") == ["sub/lib.h"])
        #expect(try project.executed() == [])
        try project.write("sub/lib.h", "h2")
        #expect(try project.executed() == ["cc"])
        try project.write("sub/lib.h", "h")
        #expect(try project.executed() == [])
        #expect(project.read("sub/main.o") == "ch")
    }

    @Test(arguments: [
        ("true", "its depfile 'x.d' is missing"), ("echo nonsense > x.d", "is not a rule of make"),
        ("mkdir x.d", "its depfile 'x.d' is missing"), ("mkfifo x.d", "its depfile 'x.d' is missing"),
    ])
    func anUnusableDepfileIsAFailure(command: String, error: String) throws {
        let project = try project(#""a": {"command": "\#(command)", "depfile": "x.d"}"#)
        let result = try project.runs("exec")
        #expect(result.status == 1 && result.errorOutput.contains(error), "\(result.story)")
    }

    @Test func anEarlierDepfileIsNotTaken() throws {
        let project = try project(
            #""a": {"command": "cat in", "inputs": ["in"], "depfile": "x.d"}"#, ["in": "1", "x.d": "a: b\n"])
        let result = try project.runs("exec")
        #expect(
            result.status == 1 && result.errorOutput.contains("its depfile 'x.d' was not written"), "\(result.story)")
        #expect(project.read("x.d") == "a: b\n")
    }

    @Test func reportedPathsAreInputs() throws {
        let project = try project(
            #"""
            "a": {"command": ["sh", "a.sh"], "workdir": "sub", "outputs": ["o"]},
            "b": {"command": ["python3", "-c", "import runs; runs.input('lib.sh')"]}
            """#,
            [
                "lib.sh": "1", "sub/own": "2",
                // The last line has no end, and what it names is no file of the project.
                "sub/a.sh": #"""
                cat ../lib.sh own > ../o
                printf '{"input": "../lib.sh"}\n{"loss": 1, "input": "%s"}\n' "$PWD/own" >> "$RUNS_METRICS"
                printf '{"input": "../o"}\n{"input": "/etc/passwd"}' >> "$RUNS_METRICS"
                """#,
            ])
        #expect(try project.executed() == ["a", "b"])
        #expect(try project.discovered("a") == ["lib.sh", "sub/own"])
        #expect(try project.discovered("b") == ["lib.sh"])
        #expect(try project.query("select name, value from metrics").count == 1)
        #expect(try project.executed() == [])
        try project.write("sub/own", "3")
        #expect(try project.executed() == ["a"])
        try project.write("lib.sh", "4")
        #expect(try project.executed() == ["a", "b"])
    }

    // MARK: - The rules

    /// The result was made by the old text, or the new one: nobody knows.
    @Test func aModuleThatChangesWhileItsStageRunsNeverCountsAsFresh() throws {
        let project = try project(
            #""a": {"command": ["python3", "main.py"]}"#,
            [
                "main.py": "import lib, os\nif not os.path.exists('calm'): open('lib.py', 'w').write('x = 2')\n",
                "lib.py": "x = 1",
            ])
        let result = try project.runs("exec")
        #expect(result.status == 0 && result.errorOutput.contains("lib.py"), "\(result.story)")
        #expect(try project.query("select inputs_changed_during_run as c from executions") == [["c": .number(1)]])
        try project.write("calm", "")
        #expect(try project.executed() == ["a"])
        #expect(try project.executed() == [])
    }

    @Test func whatAnotherStageMakesIsToBeNamed() throws {
        let stages = #"""
            "gen": {"command": "cp in gen.py", "inputs": ["in"], "outputs": ["gen.py"]},
            "use": {"command": ["python3", "-c", "import gen"] NEEDS}
            """#
        let project = try project(stages.replacing("NEEDS", with: ""), ["in": "x = 1", "gen0.py": ""])
        #expect(try project.executed("gen") == ["gen"])
        for _ in 0..<2 {
            let result = try project.runs("exec")
            #expect(result.status == 0, "\(result.story)")
            #expect(result.errorOutput.contains("reads gen.py, which stage 'gen' makes: name it as an input"))
        }
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {\#(stages.replacing("NEEDS", with: #", "needs": ["gen"]"#))}}"#)
        #expect(try project.executed() == [], "now it is in order")
        try project.write("in", "x = 2")
        let plan = try JSON.lines(try project.runs("exec", "--dry-run", "--output", "jsonl").output)
        #expect(plan.first { $0["stage"]?.text == "use" }?["verdict"]?.text == "may_run")
        #expect(try project.executed() == ["gen", "use"])
        try project.write("in", "x = 2\n")
        try project.write("gen.py", "x = 2")
        #expect(try project.runs("exec", "--overwrite").status == 0)
        #expect(try project.executed() == [])
    }

    @Test func acceptingTakesTheImportsAsTheyAre() throws {
        let project = try project(Self.train + #", "new": {"command": ["python3", "new.py"], "outputs": ["n"]}"#)
        try project.write("new.py", "")
        #expect(try project.executed("train") == ["train"])
        try project.write("scripts/model.py", "name = 'the same, said otherwise'\n")
        #expect(try project.runs("accept", "train", "--reason", "no change").status == 0)
        #expect(try project.executed("train") == [])
        #expect(try project.discovered("train") == ["scripts/model.py"])
        try project.write("scripts/model.py", "name = 'now another'\n")
        #expect(try project.executed("train") == ["train"])
        try project.write("n", "made by hand")
        let unknown = try project.runs("accept", "new", "--reason", "mine")
        #expect(
            unknown.status == 0 && unknown.errorOutput.contains("which modules stage 'new' imports"), "\(unknown.story)"
        )
    }

    @Test func aCheckpointOfOtherCodeIsNotContinued() throws {
        let project = try project(
            #""a": {"command": ["python3", "main.py"], "outputs": {"c": {"path": "c", "persist": true}}}"#,
            [
                "main.py": "import lib\nopen('c', 'a').write(lib.word)\nraise SystemExit(lib.status)\n",
                "lib.py": "word, status = 'a', 1\n",
            ])
        #expect(try project.runs("exec").status == 1)
        #expect(try project.runs("exec").status == 1)
        #expect(project.read("c") == "aa", "the same code continues")
        try project.write("lib.py", "word, status = 'b', 0\n")
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("c") == "b", "other code starts anew")
    }

    /// So it is after a kill: what was imported is known although the end is not.
    @Test func aCheckpointOfOtherCodeIsNotContinuedAfterAKill() throws {
        let project = try project(
            #""a": {"command": ["python3", "main.py"], "outputs": {"c": {"path": "c", "persist": true}}}"#,
            [
                "main.py": """
                import lib, os, time
                open('c', 'a').write(lib.word)
                open('begun', 'w').close()
                while not os.path.exists('go'): time.sleep(0.01)
                """,
                "lib.py": "word = 'a'\n",
            ])
        func kill() throws {
            let killed = try project.start(["exec"])
            try wait(for: "the stage") { project.exists("begun") }
            killed.send(9)
            _ = try killed.finish(timeout: .seconds(30))
            try project.remove("begun")
        }
        try kill()
        try kill()
        #expect(project.read("c") == "aa", "the same code continues")
        try project.write("lib.py", "word = 'b'\n")
        try project.write("go", "")
        #expect(try project.executed() == ["a"])
        #expect(project.read("c") == "b", "other code starts anew")
    }

    /// A pipeline in a folder below the one of the store.
    @Test func aPipelineInAFolderBelowHasDiscoveredInputs() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "top", "stages": {"t": {"command": "true"}}}"#)
        #expect(try project.runs("exec").status == 0)
        try project.write("sub/lib.py", "x = 1\n")
        try project.write("sub/h", "1")
        try project.write(
            "sub/pipeline.json",
            #"{"name": "sub", "stages": {"p": {"command": ["python3", "-c", "import lib"]}, "d": {"command": "echo 'o: h' > o.d", "depfile": "o.d"}}}"#
        )
        #expect(try project.executed("sub/pipeline.json") == ["d", "p"])
        #expect(try project.discovered("p") == ["sub/lib.py"])
        #expect(try project.discovered("d") == ["sub/h"])
        #expect(try project.executed("sub/pipeline.json") == [])
        try project.write("sub/lib.py", "x = 2\n")
        try project.write("sub/h", "2")
        #expect(try project.executed("sub/pipeline.json") == ["d", "p"])
    }

    /// Two runs at once: the second takes the result of the first only if it read what is there now.
    @Test func anotherRunsResultCountsOnlyWithItsSet() throws {
        let project = try project(
            #""a": {"command": ["python3", "main.py"], "outputs": ["o"]}"#,
            [
                "main.py": """
                import lib, os, time
                open('begun', 'w').close()
                while not os.path.exists('go'): time.sleep(0.01)
                open('o', 'w').write(lib.word)
                """,
                "lib.py": "word = 'old'\n",
            ])
        let first = try project.start(["exec"])
        try wait(for: "the stage") { project.exists("begun") }
        try project.write("lib.py", "word = 'new'\n")
        let second = try project.start(["exec"])
        try second.read(until: { $0.errorOutput.contains("waits") || $0.errorOutput.contains("waiting") }, "the wait")
        try project.write("go", "")
        #expect(try first.finish(timeout: .seconds(60)).status == 0)
        #expect(try second.finish(timeout: .seconds(60)).status == 0)
        #expect(project.read("o") == "new")
    }

    @Test func aCachedPlanKnowsTheSets() throws {
        let project = try project(
            Self.train + #", "calm": {"command": "cat in > c", "inputs": ["in"], "outputs": ["c"]}"#, ["in": "1"])
        #expect(try project.executed() == ["calm", "train"])
        func settle() throws {
            try wait(for: "a cached plan") {
                _ = try project.executed()
                return try project.query(
                    "select count(*) as n from runs where stages_executed = 0 and wall_seconds < 100"
                )
                .isEmpty == false
                    && project.cachesPlan()
            }
        }
        try settle()
        try project.write("scripts/model.py", "name = 'two'\n")
        #expect(try project.executed() == ["train"])
        try settle()
        // Another module than before.
        try project.write("scripts/train.py", "import other as model, sys\nopen(sys.argv[1], 'w').write(model.name)\n")
        #expect(try project.executed() == ["train"])
        try settle()
        try project.write("scripts/model.py", "name = 'nobody reads it any more'\n")
        #expect(try project.executed() == [])
        try settle()
        try project.write("scripts/other.py", "name = 'read now'\n")
        #expect(try project.executed() == ["train"])
        #expect(project.read("m") == "read now")
        try settle()
        try project.remove("scripts/other.py")
        #expect(try project.runs("exec").status == 1)
    }

    @Test func setsAreSharedAndForgotten() throws {
        let project = try project(
            #""a": {"command": ["python3", "scripts/train.py", "m${{ matrix.k }}"], "matrix": {"k": [1, 2, 3]}, "outputs": ["m${{ matrix.k }}"]}"#
        )
        #expect(try project.executed().count == 3)
        func sets() throws -> Double? {
            let count =
                "import sqlite3; print(sqlite3.connect('.runs/runs.db').execute('select count(*) from discovered_sets').fetchone()[0])"
            try project.shell("python3 -c \"\(count)\" > count")
            return project.read("count").flatMap { Double($0.filter(\.isNumber)) }
        }
        #expect(try sets() == 1)
        try project.write("scripts/model.py", "name = 'two'\n")
        #expect(try project.executed().count == 3)
        #expect(try sets() == 2)
        try project.shell("rm -r .runs/kept")
        #expect(try project.runs("gc", "--older-than", "0s", "--rows").status == 0)
        #expect(try sets() == 1)
        #expect(try project.executed() == [])
        #expect(try project.runs("doctor").status == 0)
    }

    @Test func aRunThatIsKilledRecordsNothingByHalf() throws {
        let project = try project(
            #""a": {"command": ["python3", "main.py"], "outputs": ["o"]}"#,
            [
                "main.py":
                    "import lib, os, time\nopen('begun', 'w')\nwhile not os.path.exists('go'): time.sleep(0.01)\nopen('o', 'w')\n",
                "lib.py": "",
            ])
        let killed = try project.start(["exec"])
        try wait(for: "the stage") { project.exists("begun") }
        killed.send(9)
        _ = try killed.finish(timeout: .seconds(30))
        try project.write("go", "")
        #expect(try project.executed() == ["a"])
        #expect(try project.discovered("a") == ["lib.py"])
        #expect(try project.integrity() == "ok")
        #expect(try project.executed() == [])
    }
}

/// A module outside of any project.
private enum TemporaryModule {
    static let folder: TestProject = {
        do {
            let project = try TestProject()
            try project.write("elsewhere.py", "")
            return project
        } catch { fatalError("\(error)") }
    }()
}

extension TestProject {
    /// Whether the store has a plan of a run that found everything unchanged.
    fileprivate func cachesPlan() throws -> Bool {
        let ask = "select count(*) from standings where unexecuted_set_id is not null"
        try shell(
            "python3 -c \"import sqlite3; print(sqlite3.connect('.runs/runs.db').execute('\(ask)').fetchone()[0])\" > count"
        )
        return read("count") == "1\n"
    }
}
