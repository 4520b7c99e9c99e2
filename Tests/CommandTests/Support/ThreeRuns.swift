// A small project with a history, for tests of questions: three runs, of which the last has a failure. Knows the
// pipeline and how to take what differs from one machine to the next out of pages.

import TestSupport

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
        func pipeline(_ stages: String) -> String {
            #"{"name": "p", "params": {"lr": 0.1}, "stages": {"# + stages + "}}"
        }
        try project.write("raw.txt", "raw\n")
        try project.write("train.sh", #"echo "$1 $(cat "$2")" > "$3"; echo "{\"loss\": $1}" > "$4""#)
        try project.write(
            "judge.sh", #"read lr rest < "$2"; case $1 in a) echo "{\"acc\": $lr}";; b) echo "{\"acc\": 0.05}";; esac"#)
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
