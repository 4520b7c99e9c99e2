// Expansion: names, points, shared matrix values, and precedence of params and settings.

import Model
import PipelineFormat
import Testing

@Suite struct MatrixTests {
    private let axes = #""axes": {"d": ["a", "b"], "lr": [0.1, 1e-3]},"#

    /// A matrix, and the values in the names of its stages.
    @Test(arguments: [
        (#""matrix": ["d"]"#, ["d=a", "d=b"]),
        (#""matrix": ["lr", "d"]"#, ["lr=0.1,d=a", "lr=0.1,d=b", "lr=1e-3,d=a", "lr=1e-3,d=b"]),
        (#""matrix": {"x": [true, "a/b c,é=%|"]}"#, ["x=true", "x=a%2Fb%20c%2C%C3%A9%3D%25%7C"]),
        (#""matrix": {"n": [1, 2, 3], "exclude": [{"n": 2.0}]}"#, ["n=1", "n=3"]),
        (#""matrix": ["d", "lr"], "exclude": [{"d": "a"}, {"lr": 0.001, "d": "b"}]"#, ["d=b,lr=0.1"]),
        (#""matrix": ["d"], "include": [{"d": "c"}]"#, ["d=a", "d=b", "d=c"]),
        (#""matrix": ["d"], "exclude": [{"d": "b"}], "include": [{"d": "b"}]"#, ["d=a", "d=b"]),
        (#""matrix": {"include": [{"p": 1, "q": 2}, {"q": 4, "p": 3}]}"#, ["p=1,q=2", "p=3,q=4"]),
        (#""matrix": {"n": {"1": {}, "x-ray": {}}}"#, ["n=1", "n=x-ray"]),
        (
            #""matrix": {"v": ["3.1", "3.10", "01", "1", "1e2", "100"], "exclude": [{"v": "3.10"}, {"v": 100}]}"#,
            ["v=3.1", "v=01", "v=1", "v=1e2"]
        ),
    ]) func names(matrix: String, expected: [String]) throws {
        let names = try stages("\"s\": {\"command\": [\"x\"], \(matrix)}", with: axes).map(\.name)
        #expect(names == expected.map { "s@\($0)" })
    }

    @Test func agreement() throws {
        let graph = try load(
            #"""
            {"axes": {"d": ["a", "b"], "f": [1, 2]},
             "stages": {
              "prep": {"matrix": ["d"], "command": ["x"], "outputs": {"o": "prep/${{ matrix.d }}"}},
              "train": {"matrix": ["f", "d"], "command": ["x"], "inputs": {"i": {"from": "prep.o"}},
                        "outputs": {"o": "train/${{ matrix.d }}/${{ matrix.f }}"}},
              "score": {"matrix": {"d": ["b"]}, "command": ["x", "${{ inputs.i }}"], "inputs": {"i": {"from": "train.o"}}},
              "spelled": {"matrix": {"f": [1.0]}, "command": ["x"], "needs": ["train"]},
              "all": {"command": ["x"], "needs": ["score", "prep"]}
            }}
            """#
        ).graph
        #expect(
            graph.edges == [
                "prep@d=a → train@f=1,d=a", "prep@d=b → train@f=1,d=b", "prep@d=a → train@f=2,d=a",
                "prep@d=b → train@f=2,d=b",
                "train@f=1,d=b → score@d=b", "train@f=2,d=b → score@d=b",
                "train@f=1,d=a → spelled@f=1.0", "train@f=1,d=b → spelled@f=1.0",
                "prep@d=a → all", "prep@d=b → all", "score@d=b → all",
            ])
        #expect(try graph.stage("score@d=b").command == .argv(["x", "train/b/1", "train/b/2"]))
    }

    /// Pipeline < axis value < stage < --set < matrix value of the same name.
    @Test func precedenceOfParams() throws {
        let text = #"""
            {"params_file": "params.json", "params": {"inline": "inline", "axis": "inline", "stage": "inline", "set": "inline"},
             "axes": {"n": {"1": {"params": {"axis": "axis", "stage": "axis", "set": "axis"}}}},
             "stages": {"s": {"matrix": ["n"], "params": {"stage": "stage", "set": "stage", "n": "hidden"}, "command":
               ["x", "${{ params.file }}", "${{ params.inline }}", "${{ params.axis }}", "${{ params.stage }}", "${{ params.set }}", "${{ params.n }}"]}}}
            """#
        let file = #"{"file": "file", "inline": "file" /* */, "unused": 1,}"#
        let stage = try load(text, files: ["params.json": file], set: [("set", "hand made")]).graph.stages[0]
        #expect(stage.command == .argv(["x", "file", "inline", "axis", "stage", "hand made", "1"]))
        #expect(stage.params.map(\.name) == ["axis", "file", "inline", "n", "set", "stage"])
        #expect(stage.params[3].value == .number("1"))
    }

    @Test func overridesAreJSONOrText() throws {
        let text =
            #"{"params": {"a": 1, "b": 1, "c": "1"}, "stages": {"s": {"command": ["x", "${{ json(params) }}"]}}}"#
        let stage = try load(text, set: [("a", "0.10"), ("b", "[1, 2]"), ("c", "x y")]).graph.stages[0]
        #expect(stage.command == .argv(["x", #"{"a":0.10,"b":[1,2],"c":"x y"}"#]))
        #expect(stage.params.count == 3)
    }

    @Test func aStageHasDeclaredAndUsedParams() throws {
        let all = try load(
            #"""
            {"params": {"p": 1, "q": 2, "r": 3}, "defaults": {"params": {"d": 4}}, "stages": {
              "none": {"command": ["x"]}, "said": {"command": ["x"], "params": {"z": 5}},
              "path": {"command": ["x"], "outputs": ["o/${{ params.p }}"]}, "raw": {"command": "x ${{ raw(params.q) }}"},
              "env": {"command": ["x"], "env": {"R": "${{ params.r }}"}}}}
            """#
        ).graph.stages
        #expect(all.map { $0.params.map(\.name) } == [["d"], ["d", "z"], ["d", "p"], ["d", "q"], ["d", "r"]])
    }

    @Test func overlaysAndDefaults() throws {
        let all = try load(
            #"""
            {"axes": {"n": {"small": {}, "big": {"resources": {"memory": "2GB", "licence": 2}, "env": {"B": "axis"}, "timeout": "2h",
                                                 "retries": {"delay": "1s"}}}},
             "defaults": {"resources": {"cpus": 2, "memory": "1GB"}, "env": {"A": "1", "B": "1"}, "timeout": 60, "keep": 3,
                          "retries": {"max": 4, "delay": "5s"}, "inputs": {"lib": "lib.py", "i": "default"}, "pass_env": ["HOME", "A"],
                          "description": "d", "needs": []},
             "capacity": {"licence": 2, "memory": "8GB"},
             "stages": {"s": {"matrix": ["n"], "command": ["x"], "resources": {"cpus": 0.5}, "env": {"A": "2"}, "retries": 1, "keep": 0,
                              "inputs": {"i": {"path": "own", "digest": "metadata"}}, "always": true},
                        "t": {"command": ["x"], "inputs": ["other"], "timeout": "500ms", "frozen": true}}}
            """#
        ).graph
        let small = try all.stage("s@n=small")
        #expect(small.resources == ResourceRequest(cpus: Quantity(thousandths: 500), memoryBytes: 1_000_000_000))
        #expect(small.environment.map(\.value) == ["2", "1"])
        #expect(small.retries == RetryPolicy(max: 1, delaySeconds: 5))
        #expect(small.timeoutSeconds == 60)
        #expect(small.keep == 0)
        #expect(small.isAlways && !small.isFrozen)
        #expect(small.passedEnvironment == ["HOME"])
        #expect(small.inputs == [Input(name: "lib", path: "lib.py"), Input(name: "i", path: "own", mode: .metadata)])
        #expect(small.summary == "d")
        let big = try all.stage("s@n=big")
        #expect(big.resources.memoryBytes == 2_000_000_000)
        #expect(big.resources.cpus == Quantity(thousandths: 500))
        #expect(big.resources.counted == ["licence": Quantity(2)])
        #expect(big.environment.map(\.value) == ["2", "axis"])
        #expect(big.retries == RetryPolicy(max: 1, delaySeconds: 1))
        #expect(big.timeoutSeconds == 7200)
        let plain = try all.stage("t")
        #expect(plain.inputs.map(\.path) == ["lib.py", "default", "other"])
        #expect(plain.timeoutSeconds == 0.5)
        #expect(plain.isFrozen && plain.keep == 3)
        #expect(all.capacity == ["licence": Quantity(2), "memory": Quantity(8_000_000_000)])
    }

    @Test func defaultTargets() throws {
        func targets(_ words: String) throws -> [String] {
            let graph = try load(
                #"{"default": \#(words), "axes": {"d": ["a", "b"], "lr": [0.1, 0.2]}, "stages": {"t": {"matrix": ["d", "lr"], "command": ["x"]}, "u": {"command": ["x"]}}}"#
            ).graph
            return graph.defaultTargets.map { graph.stages[$0].name }
        }
        #expect(try targets(#"["u"]"#) == ["u"])
        #expect(try targets(#"["u", "t"]"#).count == 5)
        #expect(try targets(#"["t@lr=0.10,d=b"]"#) == ["t@d=b,lr=0.1"])
        #expect(try targets(#"["t@*lr=0.2"]"#) == ["t@d=a,lr=0.2", "t@d=b,lr=0.2"])
    }

    @Test func commentsExtensionsAndTheNameOfAFile() throws {
        let loaded = try load(
            #"""
            // A comment.
            {"$schema": "https://example.org/schema", "x-note": [1], "stages": {"x-off": {"what": 1},
              "s": {"command": ["x"], "x-note": {}, "resources": {"x-y": "z"}, "retries": {"x-z": 1, "max": 1,},},},}
            """#)
        #expect(loaded.graph.pipeline == "pipeline")
        #expect(loaded.graph.stages.map(\.name) == ["s"])
    }
}
