// What a change of params does: only values count, not their order or spelling, and each counts exactly.

import TestSupport
import Testing

@Suite struct ParamKeyTests {
    let project: TestProject

    init() throws { project = try TestProject() }

    private func pipeline(_ params: String) throws {
        try project.write(
            "pipeline.json",
            #"""
            {"params": \#(params), "stages": {
              "all": {"command": "echo '${{ params.train }}' > ${{ outputs.o }}", "outputs": {"o": "all.txt"}},
              "one": {"command": "cp $RUNS_PARAMS ${{ outputs.o }}", "outputs": {"o": "one.txt"}, "uses": ["train.lr"]}}}
            """#)
    }

    @Test func orderAndSpellingDoNotMatter() throws {
        try pipeline(#"{"train": {"lr": 0.10, "layers": {"n": 2, "sizes": [64, 1e2]}}}"#)
        try project.expect("exec", errors: ["2 succeeded"])
        try pipeline(#"{"train": {"layers": {"sizes": [64.0, 100], "n": 2e0}, "lr": 1e-1}}"#)
        try project.expect("exec", errors: ["all 2 stages fresh"])
        // The process got the text of the file.
        #expect(project.read("all.txt") == #"{"lr":0.10,"layers":{"n":2,"sizes":[64,1e2]}}"# + "\n")
    }

    @Test func onlyStagesThatUseAValueRun() throws {
        try pipeline(#"{"train": {"lr": 0.1, "layers": 2}}"#)
        try project.expect("exec", errors: ["2 succeeded"])
        #expect(project.read("one.txt") == #"{"train":{"lr":0.1}}"# + "\n")
        try pipeline(#"{"train": {"lr": 0.1, "layers": 3}}"#)
        try project.expect("exec", errors: ["(param train.layers changed: 2 → 3"])
        try project.expect("exec", "--set", "train.lr=.5", errors: ["2 succeeded"])
        #expect(project.read("one.txt") == #"{"train":{"lr":0.5}}"# + "\n")
        try project.expect("exec", errors: ["2 restored"])
    }

    @Test func largeIntegersAreComparedExactly() throws {
        try pipeline(#"{"train": {"lr": 18446744073709551614}}"#)
        try project.expect("exec", errors: ["2 succeeded"])
        try pipeline(#"{"train": {"lr": 18446744073709551615}}"#)
        try project.expect("exec", errors: ["param train.lr changed: 18446744073709551614 → 18446744073709551615"])
        try project.expect("exec", "--set", "train.lr=18446744073709551616", errors: ["2 succeeded"])
        let rows = try project.query("select value from params where name = 'train.lr' order by execution_id")
        #expect(
            Set(rows.map { $0["value"]?.text }) == [
                "18446744073709551614", "18446744073709551615", "18446744073709551616",
            ])
        try project.expect("exec", errors: ["2 restored"])
    }
}
