// `runs show`, `diff`, `best`, `lineage`, and words that name runs, on a small project with a failure.

import Foundation
import Testing

extension TestProject {
    /// Three runs: lr 0.1; lr 0.2; lr 0.2 with a stage that fails and one behind it.
    static func threeRuns() throws -> TestProject {
        let project = try TestProject()
        let stages = #"""
            "train": {"command": "sh train.sh ${{ params.lr }} ${{ inputs.raw }} ${{ outputs.model }} ${{ outputs.scores }}",
                      "inputs": {"raw": "raw.txt"},
                      "outputs": {"model": "model.txt", "scores": {"path": "train.json", "metrics": true}}},
            "judge": {"matrix": {"part": ["a", "b"]},
                      "command": "sh judge.sh ${{ matrix.part }} ${{ inputs.model }} > ${{ outputs.scores }}",
                      "inputs": {"model": {"from": "train.model"}},
                      "outputs": {"scores": {"path": "judge-${{ matrix.part }}.json", "metrics": true}}}
            """#
        let more = #"""
            , "broken": {"command": "echo no >&2; exit 3", "inputs": ["model.txt"], "outputs": ["never.txt"]},
            "after": {"command": "cp never.txt after.txt", "inputs": ["never.txt"], "outputs": ["after.txt"]}
            """#
        func pipeline(_ stages: String) -> String { #"{"name": "p", "params": {"lr": 0.1}, "stages": {"# + stages + "}}" }
        try project.write("raw.txt", "raw\n")
        try project.write("train.sh", #"echo "$1 $(cat "$2")" > "$3"; echo "{\"loss\": $1}" > "$4""#)
        try project.write("judge.sh", #"read lr rest < "$2"; case $1 in a) echo "{\"acc\": $lr}";; b) echo "{\"acc\": 0.05}";; esac"#)
        try project.write("pipeline.json", pipeline(stages))
        let steps = [
            (["exec", "--jobs", "1", "--tag", "base"], Int32(0)), (["exec", "--jobs", "1", "--set", "lr=0.2"], 0),
            (["exec", "--jobs", "1", "--set", "lr=0.2", "--note", "with a broken stage"], 1),
        ]
        for (number, (words, status)) in steps.enumerated() {
            if number == 2 { try project.write("pipeline.json", pipeline(stages + more)) }
            let result = try project.runs(words)
            guard result.status == status else { throw HarnessError(result.story) }
        }
        return project
    }
}

extension Normalisation {
    /// What differs from one machine to the next in a page: sizes, users, hosts; and the widths that follow from them.
    static let figures = Normalisation { text in
        text.replacing(#/\b\d+(\.\d+)? (kB|MB|GB|B)\b/#) { _ in "SIZE" }
            .replacing(#/by +.* on .*, engine/#) { _ in "by SOMEONE on HOST, engine" }
            .replacing(#/ +/#) { _ in " " }.replacing(#/─+/#) { _ in "─" }.replacing(#/-{3,}/#) { _ in "---" }
    }
}

@Suite struct QuestionTests {
    @Test func aRunIsShown() throws {
        let project = try TestProject.threeRuns()
        for (name, words) in [("show", ["show"]), ("show-first", ["show", "latest~2"]), ("show-markdown", ["show", "3", "--format", "markdown"])] {
            let result = try project.runs(words)
            #expect(result.status == 0, "\(result.story)")
            try expectGolden(result.output, name, [.times, .durations, .figures])
        }
        let json = try JSONDecoder().decode(JSON.self, from: Data(try project.runs("show", "--format", "json").output.utf8))
        #expect(json["run_id"]?.integer == 3 && json["status"]?.text == "failed")
        #expect(json["notes"] == .array([.text("with a broken stage")]))
        #expect(json["stages_fresh"]?.integer == 3 && json["stages_executed"]?.integer == 1)
        #expect(json["stages"]?.array?.map { $0["stage"]?.text } == ["broken", "after"])
        #expect(json["stages"]?.array?.first?["error"]?.text?.contains("3") == true)
    }

    @Test func runsAreNamedByWords() throws {
        let project = try TestProject.threeRuns()
        let why = { (word: String) in try project.runs("why", "train", "--run", word, "--format", "csv").output }
        #expect(try why("latest~1") == why("2"))
        #expect(try why("1").contains("never_ran") && why("latest").contains("fresh"))
        // Of the stage: run 3 found it fresh.
        let log = { (word: String) in try project.runs("logs", "train", "--run", word, "--format", "jsonl") }
        #expect(try log("latest").status == 0 && log("3").status == 2)
        #expect(try project.runs("logs", "broken", "--run", "latest").output == "no\n")
        for (word, sentence) in [
            ("latest~3", "there are not so many"), ("4", "the newest is 3"), ("0", "Write its number"), ("x", "latest~1"),
            ("latest~9223372036854775807", "not so many"),
        ] {
            let result = try project.runs("show", word)
            #expect(result.status == 2 && result.errorOutput.contains(sentence), "\(result.story)")
        }
        #expect(try project.runs("show", "--store", "nowhere.db").status == 3)
    }

    @Test func runsAreComparedStageByStage() throws {
        let project = try TestProject.threeRuns()
        let result = try project.runs("diff", "1", "latest")
        #expect(result.status == 0, "\(result.story)")
        // Figures may or may not differ enough to show.
        let rows = result.output.split(separator: "\n").filter { !$0.contains(#/│ (wall|cpu|memory|gpu) +│/#) }
        try expectGolden(rows.joined(separator: "\n") + "\n", "diff", [.figures])
        #expect(try project.runs("diff", "2", "2").output.contains("do not differ"))

        let json = try JSONDecoder().decode(JSON.self, from: Data(try project.runs("diff", "1", "2", "--format", "json").output.utf8))
        #expect(json["a"]?["run_id"]?.integer == 1 && json["b"]?["run_id"]?.integer == 2)
        let differences = try #require(json["differences"]?.array)
        func has(_ stage: String, _ what: String, _ name: JSON, _ a: JSON, _ b: JSON) -> Bool {
            differences.contains(.object(["stage": .text(stage), "what": .text(what), "name": name, "a": a, "b": b]))
        }
        #expect(has("train", "param", .text("lr"), .number(0.1), .number(0.2)))
        #expect(has("judge@part=a", "metric", .text("acc"), .number(0.1), .number(0.2)))
        #expect(!differences.contains { $0["stage"] == .text("judge@part=b") && $0["what"] == .text("metric") })
        let inputs = try project.query("select sha256 from inputs where path = 'model.txt' and stage = 'judge@part=a' order by 1")
        #expect(inputs.count == 2)
    }
}
