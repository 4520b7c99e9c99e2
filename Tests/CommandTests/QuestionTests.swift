// `runs show`, `diff`, `best`, `lineage`, and how runs are named, on a small project with a failure.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct QuestionTests {
    @Test func aRunIsShown() throws {
        let project = try TestProject.threeRuns()
        for (name, words) in [
            ("show", ["show"]), ("show-first", ["show", "latest~2"]),
            ("show-markdown", ["show", "3", "--format", "markdown"]),
        ] {
            let result = try project.runs(words)
            #expect(result.status == 0, "\(result.story)")
            let machine = Normalisation { $0.replacing(#/ machine .*/#) { _ in " machine MACHINE" } }
            try expectGolden(result.output, name, [.times, .durations, .figures, machine])
        }
        let json = try JSONDecoder().decode(
            JSON.self, from: Data(try project.runs("show", "--format", "json").output.utf8))
        #expect(json["run_id"]?.integer == 3 && json["status"]?.text == "failed")
        #expect(json["notes"] == .array([.text("with a broken stage")]))
        #expect(json["stages_fresh"]?.integer == 3 && json["stages_executed"]?.integer == 1)
        #expect(json["stages"]?.array?.map { $0["stage"]?.text } == ["broken", "after"])
        #expect(json["stages"]?.array?.first?["error"]?.text?.contains("3") == true)
    }

    /// Files in an output folder, a folder filled by several stages, and a pattern into a folder.
    @Test func lineageLeadsThroughFolders() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "d", "params": {"lr": 0.1}, "stages": {
              "train": {"command": "mkdir -p model; echo ${{ params.lr }} > model/w.bin", "outputs": ["model"]},
              "copy": {"command": "cp model/w.bin best.bin", "inputs": ["model/w.bin"], "outputs": ["best.bin"]},
              "eval": {"command": "echo '{\"acc\": 0.9}' > m.json", "inputs": ["model/*.bin"],
                       "outputs": {"m": {"path": "m.json", "metrics": true}}},
              "part": {"matrix": {"x": [1, 2]}, "params": {"lr": 0.1}, "command": "echo ${{ matrix.x }} > ${{ outputs.o }}",
                       "outputs": {"o": "parts/${{ matrix.x }}"}},
              "join": {"command": "cat parts/* > joined; echo '{\"n\": 2}' > n.json", "inputs": ["parts"],
                       "outputs": {"o": "joined", "n": {"path": "n.json", "metrics": true}}}}}
            """#)
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        for file in ["m.json", "best.bin"] {
            #expect(try project.runs("lineage", file).output.contains("model/w.bin ← train"), "\(file)")
        }
        let inside = try project.runs("lineage", "model/w.bin").output
        #expect(inside.contains("is part of the output folder model") && inside.contains("made by train"), "\(inside)")
        #expect(inside.contains("copy") && inside.contains("eval"), "\(inside)")
        let joined = try project.runs("lineage", "joined").output
        #expect(joined.contains("part@x=1") && joined.contains("part@x=2"), "\(joined)")
        #expect(
            try project.query(
                "select from_stage, value from lineage_params l join executions e using (execution_id) where e.stage = 'eval'"
            )
                == [["from_stage": .text("train"), "value": .text("0.1")]])
        #expect(try project.runs("best", "acc", "--format", "csv").output.contains("lr"))
        #expect(
            try project.query(
                "select count(distinct from_stage) as n from lineage_params l join executions e using (execution_id) where e.stage = 'join'"
            )
                == [["n": .number(2)]])
    }

    @Test func runsAreNamedByWords() throws {
        let project = try TestProject.threeRuns()
        let why = { (word: String) in try project.runs("why", "train", "--run", word, "--format", "csv").output }
        #expect(try why("latest~1") == why("2"))
        #expect(try why("1").contains("never_ran") && why("latest").contains("fresh"))
        // The latest run that executed the stage; it was fresh in run 3.
        let log = { (word: String) in try project.runs("logs", "train", "--run", word, "--format", "jsonl") }
        #expect(try log("latest").status == 0 && log("3").status == 2)
        #expect(try project.runs("logs", "broken", "--run", "latest").output == "no\n")
        for (word, sentence) in [
            ("latest~3", "there are fewer runs"), ("4", "the newest is 3"), ("0", "invalid run"),
            ("x", "latest~1"),
            ("latest~9223372036854775807", "fewer runs"),
        ] {
            let result = try project.runs("show", word)
            #expect(result.status == 2 && result.errorOutput.contains(sentence), "\(result.story)")
        }
        #expect(try project.runs("show", "--store", "nowhere.db").status == 3)
    }

    /// Everywhere a run is named; `base` is the tag of run 1.
    @Test func runsAreNamedByTags() throws {
        let project = try TestProject.threeRuns()
        for words in [
            ["show"], ["diff"], ["why", "train", "--run"], ["logs", "train", "--run"], ["stats", "--run"],
        ] {
            let byTag = try project.runs(words + ["base"])
            #expect(try byTag.status == 0 && byTag.output == project.runs(words + ["1"]).output, "\(byTag.story)")
        }
        try project.expect("tag", "base", "first")
        try project.expect("diff", "first", "latest", contains: ["run 1", "run 3", "+0.1"])

        try project.expect("tag", "3", "base")
        let note = "note: 2 runs have the tag 'base': using the newest, run 3 (others: 1)"
        try project.expect("show", "base", contains: ["run 3 of p"], errors: [note])
        // Run 3 did not execute it.
        let log = try project.runs("logs", "train", "--run", "base", "--format", "csv")
        #expect(log.status == 0 && log.errorOutput.isEmpty, "\(log.story)")
        try project.expect("tag", "2", "third")
        try project.expect("logs", "broken", "--run", "third", status: 2, errors: ["is not a run of this stage"])
        try project.expect("show", "bse", status: 2, errors: ["no run has the tag 'bse'", "Did you mean 'base'?"])
        // A tag never changes what a number or `latest` means.
        try project.expect("tag", "1", "2", "latest", "latest~1")
        try project.expect("show", "2", contains: ["run 2 of p"])
        try project.expect("show", "latest", contains: ["run 3 of p"])
        try project.expect("show", "latest~1", contains: ["run 2 of p"])
        // A tag of an execution names no run.
        try project.expect("tag", "--execution", "1", "good")
        try project.expect("show", "good", status: 2, errors: ["no run has the tag 'good'"])
    }

    /// Commands that name stages take a pipeline file first, and then mean stages of that pipeline.
    @Test func aPipelineFileComesBeforeTheStages() throws {
        let project = try TestProject(
            stages: #""s": {"command": "echo one", "params": {"x": 1}}"#,
            files: [
                "other.json": #"{"name": "other", "stages": {"s": {"command": "echo two"}, "t": {"command": "true"}}}"#
            ])
        try project.expect("exec").expect("exec", "other.json")
        for (words, pieces) in [
            (["logs", "pipeline.json", "s"], ["one\n"]), (["logs", "other.json", "s"], ["two\n"]),
            (["logs", "other.json", "s", "--run", "latest"], ["two\n"]),
            (["logs", "s"], ["==> s (succeeded) <==\none\n==> s (succeeded) <==\ntwo\n"]),
            (["history", "other.json", "s", "--format", "csv"], ["2,2,s,1,succeeded"]),
            (["why", "pipeline.json", "s", "--run", "latest"], ["s: run\n  never ran\n"]),
            (["stats", "other.json", "--format", "csv"], ["other,s,1", "other,t,1"]),
        ] {
            let result = try project.runs(words)
            #expect(result.status == 0 && pieces.allSatisfy(result.output.contains), "\(result.story)")
        }
        #expect(try !project.runs("stats", "other.json", "--format", "csv").output.contains("p,s"))
        try project.expect("logs", "pipeline.json", "t", status: 2, errors: ["unknown stage 't' in pipeline 'p'"])
        try project.expect("logs", "none.json", "s", status: 2, errors: ["none.json"])
        // The history stays readable while the file is being edited.
        try project.write("other.json", #"{"name": "other", "stages": {"s": 7}}"#)
        try project.expect("logs", "other.json", "s", output: "two\n")
        let below = try project.runs(["logs", "../other.json", "s"], in: ".runs")
        #expect(below.output == "two\n", "\(below.story)")
    }

    @Test func runsAreComparedStageByStage() throws {
        let project = try TestProject.threeRuns()
        let result = try project.runs("diff", "1", "latest")
        #expect(result.status == 0, "\(result.story)")
        // Figures may differ too little to be shown.
        let rows = result.output.split(separator: "\n").filter { !$0.contains(#/│ (wall|cpu|memory|gpu) +│/#) }
        try expectGolden(rows.joined(separator: "\n") + "\n", "diff", [.figures])
        #expect(try project.runs("diff", "2", "2").output.contains("do not differ"))

        let json = try JSONDecoder().decode(
            JSON.self, from: Data(try project.runs("diff", "1", "2", "--format", "json").output.utf8))
        #expect(json["a"]?["run_id"]?.integer == 1 && json["b"]?["run_id"]?.integer == 2)
        let differences = try #require(json["differences"]?.array)
        func has(_ stage: String, _ what: String, _ name: JSON, _ a: JSON, _ b: JSON) -> Bool {
            differences.contains(.object(["stage": .text(stage), "what": .text(what), "name": name, "a": a, "b": b]))
        }
        #expect(has("train", "param", .text("lr"), .number(0.1), .number(0.2)))
        #expect(has("judge@part=a", "metric", .text("acc"), .number(0.1), .number(0.2)))
        #expect(!differences.contains { $0["stage"] == .text("judge@part=b") && $0["what"] == .text("metric") })
        let inputs = try project.query(
            "select sha256 from inputs where path = 'model.txt' and stage = 'judge@part=a' order by 1")
        #expect(inputs.count == 2)
    }

    @Test func aHistoryHasValuesAsColumnsAndATrend() throws {
        let project = try TestProject.threeRuns()
        let box = try project.runs("history", "judge", "--format", "box").output
        let table = box.split(separator: "\n").filter { "┌│├└".contains($0.prefix(1)) }
        try expectGolden(table.joined(separator: "\n") + "\n", "history-box", [.times, .durations, .figures])
        #expect(box.contains("judge@part=a, oldest to newest:\n") && box.contains(#/\n  acc +▁█  0\.1 → 0\.2\n/#))
        #expect(!(try project.runs("history", "judge", "--format", "markdown").output.contains("oldest to newest")))
    }

    @Test func bestListsUpstreamParams() throws {
        let project = try TestProject.threeRuns()
        let box = try project.runs("best", "acc", "--format", "box")
        #expect(box.status == 0, "\(box.story)")
        try expectGolden(box.output, "best")
        #expect(
            try project.runs("best", "acc", "--min", "--top", "1", "--format", "csv").output.contains(
                "judge@part=b,0.05,0.2,b,6,"))
        #expect(
            try project.runs("best", "loss", "--stage", "train", "--format", "jsonl").output.split(separator: "\n")
                .count == 2)
        let json = try JSONDecoder().decode(
            [JSON].self, from: Data(try project.runs("best", "acc", "--format", "json").output.utf8))
        #expect(json.map { $0["params"]?["train"]?["lr"]?.number } == [0.2, 0.1, 0.2, 0.1])
        for (words, sentence) in [
            (["best", "ac"], "(did you mean 'acc'?)"), (["best", "zebra"], "(known metrics: acc, loss)"),
            (["best", "acc", "--stage", "train"], "no succeeded execution of 'train'"),
            (["best", "acc", "--top", "0"], "at least 1"),
            (["best", "acc", "--stage", "x"], "unknown stage 'x'"), (["best", "acc", "--min", "--max"], "--"),
        ] {
            let result = try project.runs(words)
            #expect(result.status == 2 && result.errorOutput.contains(sentence), "\(result.story)")
        }
    }

    @Test func aFileIsTracedByItsContent() throws {
        let project = try TestProject.threeRuns()
        try expectGolden(try project.runs("lineage", "model.txt").output, "lineage", [.times, .durations])
        // An old version, under another name and outside the project.
        let outside = try TestProject()
        try outside.write("old.txt", "0.1 raw\n")
        let old = try project.runs("lineage", outside.path("old.txt"))
        #expect(
            old.output.contains("\nsame contents as model.txt\nmade by train (execution 1 of run 1, "), "\(old.story)")
        #expect(
            old.output.contains("with lr=0.1\n")
                && old.output.hasSuffix("\na newer model.txt was made by execution 4 of train\n"))
        #expect(
            try project.runs(["lineage", "../model.txt"], in: ".runs").output.contains(
                "made by train (execution 4 of run 2"))
        #expect(try project.runs("lineage", "raw.txt").output.contains("source: not made by any execution\nread by\n"))

        let json = try JSONDecoder().decode(
            JSON.self, from: Data(try project.runs("lineage", "judge-a.json", "--format", "json").output.utf8))
        #expect(json["made_by"] == .array([.number(5)]) && json["path"]?.text == "judge-a.json")
        #expect(json["executions"]?.array?.map { $0["stage"]?.text } == ["judge@part=a", "train"])
        let program = try project.query("select sha256 from outputs where execution_id = 5")
        #expect(json["sha256"]?.text == program[0]["sha256"]?.text)

        let params = try project.query("select from_stage, name from lineage_params where execution_id = 5 order by 1")
        #expect(params.map { $0["from_stage"]?.text } == ["judge@part=a", "train"], "the view says the same")

        try project.write("model.txt", "by hand")
        try project.write("folder/x", "y")
        try project.remove("judge-a.json")
        for (path, sentence) in [
            ("model.txt", "has changed since execution 4 of stage 'train' made it"),
            ("judge-a.json", "does not exist; execution 5 of stage 'judge@part=a' was the last to make it"),
            ("never.txt", "does not exist: execution 7 of stage 'broken', the last to make it, ended as failed"),
            ("folder", "contents of folder 'folder'"), (".", "contents of folder '.'"), ("nope", "No such file"),
            ("nope/nope", "No such file"),
            ("", "no file named"),
            ("/dev/null", "neither a regular file nor a folder"), ("pipeline.json", "under any name"),
            ("model.txt/x", "Not a directory"),
        ] {
            let result = try project.runs("lineage", path)
            #expect(result.status == 2 && result.errorOutput.contains(sentence), "\(result.story)")
        }
    }

    /// Folders are outputs too, and may be copied.
    @Test func aFolderIsTracedLikeAFile() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"s": {"command": "mkdir d && echo 1 > d/a && echo 2 > d/b", "outputs": ["d"]}, "m": {"command": "echo 3 > big", "outputs": {"big": {"path": "big", "digest": "metadata"}}}}}"#
        )
        #expect(try project.runs("exec").status == 0)
        try project.write("copy/a", "1\n")
        try project.write("copy/b", "2\n")
        for path in ["d", "d/", "./d/.", "copy"] {
            let result = try project.runs("lineage", path)
            #expect(result.output.contains("made by s (execution"), "\(result.story)")
        }
        #expect(try project.runs("lineage", "big").output.contains("made by m (execution"))
        #expect(try project.runs("lineage", "d/a").output.contains("is part of the output folder d"))
    }

    /// Reading commands change nothing, not even a timestamp.
    @Test(arguments: [
        ["show"], ["show", "1", "--format", "markdown"], ["diff", "1", "3"], ["best", "acc"], ["lineage", "model.txt"],
        ["lineage", "nope"], ["history", "judge", "--format", "box"], ["why", "train", "--run", "latest"],
    ])
    func readingCommandsChangeNothing(_ words: [String]) throws {
        let project = try TestProject.threeRuns()
        func state() throws -> [String: String] {
            var files = project.files(below: ".").filter { !$0.key.contains("runs.db-") }
            for path in files.keys {
                var status = stat()
                if stat(project.path(path), &status) == 0 {
                    files[path]? += " \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)"
                }
            }
            return files
        }
        let before = try state()
        _ = try project.runs(words)
        #expect(try state() == before)
    }

    /// Names and values come from stages and may contain control sequences.
    @Test func untrustedTextIsEscaped() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "params": {"x": "a\u001b[31m\nb"}, "stages": {
              "s": {"command": ["sh", "s.sh", "${{ outputs.o }}", "${{ params.x }}"],
                    "outputs": {"o": "o\u001b[1m", "m": {"path": "m.json", "metrics": true}}}}}
            """#)
        try project.write("s.sh", #"printf "$2" > "$1"; printf '{"\\u001b[2J": 1, "\\u202eacc|": 2}' > m.json"#)
        for value in ["a\u{1b}[31m", "\u{9b}31m\u{202e}`<b>|"] {
            let result = try project.runs("exec", "--set", "x=\(value)")
            #expect(result.status == 0, "\(result.story)")
        }
        for words in [
            ["show"], ["show", "--format", "markdown"], ["show", "--format", "json"], ["diff"],
            ["diff", "--format", "json"],
            ["best", "\u{1b}[2J", "--format", "box"], ["best", "\u{1b}[2J", "--format", "json"], ["best", "\u{1b}[3J"],
            ["history", "s", "--format", "box"], ["history", "s", "--format", "markdown"], ["lineage", "o\u{1b}[1m"],
            ["lineage", "o\u{1b}[1m", "--format", "json"], ["lineage", "o\u{1b}[2m"], ["show", "\u{1b}[2J"],
        ] {
            let result = try project.runs(words)
            let unescaped = (result.output + result.errorOutput).unicodeScalars.filter {
                $0 != "\n" && ($0.properties.generalCategory == .control || $0 == "\u{202e}" && !words.contains("json"))
            }
            #expect(unescaped.isEmpty, "\(result.story)")
        }
    }

    /// While a stage runs and its run is partly recorded.
    @Test func aRunningRunCanBeQueried() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {
              "a": {"command": "echo '{\"acc\": 1}' > a.json", "outputs": {"a": {"path": "a.json", "metrics": true}}},
              "b": {"command": "touch began; until [ -e go ]; do sleep 0.02; done; cp a.json b", "inputs": ["a.json"], "outputs": ["b"]}}}
            """#)
        let exec = try project.start(["exec"])
        try wait(for: "the stage to begin") { project.exists("began") }
        let json = try JSONDecoder().decode(
            JSON.self, from: Data(try project.runs("show", "--format", "json").output.utf8))
        #expect(
            json["status"]?.text == "running" && json["stages_executed"]?.integer == 2 && json["wall_seconds"] == .null)
        #expect(json["stages"]?.array?.map { $0["state"]?.text } == ["succeeded", "running"])
        #expect(try project.runs("show").output.contains("run 1 of p: running"))
        #expect(try project.runs("best", "acc", "--format", "csv").output.contains("1,a,1.0,"))
        #expect(try project.runs("lineage", "a.json").output.contains("b (execution 2 of run 1, running)"))
        #expect(try project.runs("diff", "1", "latest").status == 0)
        try project.write("go", "")
        #expect(try exec.finish(timeout: .seconds(60)).status == 0)
    }
}
