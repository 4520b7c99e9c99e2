// Random command lines: the program always exits with one of its own statuses.

import TestSupport
import Testing

@Suite struct CommandLineFuzzTests {
    private static let commands = [
        "exec", "status", "why", "history", "logs", "query", "init", "schema", "help", "accept", "reject", "tag",
        "note", "stats",
    ]
    private static let options = [
        "--set", "--capacity", "--rehash", "--no-restore", "--jobs", "-j", "--dry-run", "-n", "--keep-going", "-k",
        "--grace",
        "--overwrite", "--resume", "--enforce-memory", "--tag", "--note", "--benchmark", "--output", "--only",
        "--downstream",
        "--force", "--store", "--limit", "--run", "--follow", "-f", "--format", "--parameter", "-p", "--file",
        "--named", "--list",
        "--timeout", "--help", "-h", "--version", "--", "-", "--help-hidden", "--generate-completion-script",
        "--no-such",
        "--reason", "--undo", "--execution", "--remove", "--fail-on-rows", "--regressions", "--metric",
    ]
    private static let questions = ["show", "diff", "best", "lineage"]
    private static let questionOptions = ["--min", "--max", "--top", "--stage"]
    /// No path is outside the project, since `init` writes to it.
    private static let values = [
        "pipeline.json", "nope.json", "sub/pipeline.json", ".", "sub", "sub/deeper/more", "a", "b@n=1", "b@n=1,m=2",
        "b@", "@=,", "*",
        "[", "[!", "**", "", " ", "v=2", "v=", "=", "=1", "v=[1,{", "v=nan", "cpus=0", "cpus=-1", "cpus=1e11",
        "gpus=1e11",
        "gpus=0.5", "memory=1GiB", "memory=0", "memory=99999999999PiB", "memory=1e400", "licence=1", "-1", "0", "1",
        "2",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e309", "nan", "inf", "0s", "10s",
        "0.0001ms",
        "99999999999999999999999999d", "-5m", "text", "jsonl", "quiet", "json", "csv", "box", "line", "select 1",
        "select * from runs",
        "select :v, :w", "drop table runs", "select 1; select 2",
        "with recursive x(n) as (select 1 union all select n + 1 from x) select n from x limit 9",
        "\u{1b}[2J", "e\u{301}\u{0}", "\u{202e}abc", "🏳️‍🌈", String(repeating: "x", count: 5000),
        String(repeating: "*a", count: 200),
        "latest", "latest~1", "latest~x", "--set=v=3", "--jobs=99999999999999999999", "--limit=0", "-nk", "-j2",
        "--format=json", "bash", "zsh",
    ]

    private static func words(_ random: inout SeededGenerator) -> [String] {
        var words: [String] = []
        if !random.oneIn(12), let command = random.pick(commands + questions) { words.append(command) }
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            if let word = random.pick(Bool.random(using: &random) ? options + questionOptions : values) {
                words.append(word)
            }
        }
        if random.oneIn(8) { words.shuffle(using: &random) }
        return words
    }

    /// In an empty folder and in one with a pipeline; later commands see the changes of earlier ones.
    @Test(arguments: testSeeds(count: 6)) func randomCommandLinesDoNotCrash(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let project = try TestProject()
        if seed.isMultiple(of: 2) {
            try project.write(
                "pipeline.json",
                #"""
                {"name": "p", "params": {"v": 1}, "capacity": {"licence": 2}, "stages": {
                  "a": {"command": "echo ${{ params.v }} > a", "outputs": ["a"], "resources": {"licence": 1}},
                  "b": {"matrix": {"n": [1, 2]}, "command": "cp a b${{ matrix.n }}", "inputs": ["a"], "outputs": ["b${{ matrix.n }}"]}}}
                """#)
        }
        for number in 0..<25 {
            let words = Self.words(&random)
            let result = try project.runs(words)
            #expect([0, 1, 2, 3].contains(result.status), "seed \(seed), command \(number): \(words)\n\(result.story)")
            #expect(
                result.status != 2 && result.status != 3 || !result.errorOutput.isEmpty,
                "seed \(seed), command \(number) is refused without a word: \(words)")
        }
    }
}
