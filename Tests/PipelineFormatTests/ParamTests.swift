// Params: paths into objects, merging at every level, which of them are in a stage's key, and the forms of numbers.

import Model
import PipelineFormat
import Testing

@Suite struct ParamTests {
    /// The params of the only stage as `name=JSON`.
    private func params(_ text: String, set: [(name: String, value: String)] = [], files: [String: String] = [:]) throws
        -> [String]
    {
        try load(text, files: files, set: set).graph.stages[0].params.map { "\($0.name)=\($0.value.text)" }
    }

    private let optim = #""params": {"optim": {"lr": 0.10, "sched": {"kind": "cos", "steps": [1, 2]}}, "seed": 1}"#

    @Test(arguments: [
        (#"["x", "${{ params.optim.lr }}"]"#, "", ["optim.lr=0.10"]),
        (#"["x", "${{ params.optim.sched.steps }}"]"#, "", ["optim.sched.steps=[1,2]"]),
        (#"["x", "${{ params.optim.sched }}"]"#, "", [#"optim.sched.kind="cos""#, "optim.sched.steps=[1,2]"]),
        (#"["x"]"#, #", "uses": ["optim.lr", "seed"]"#, ["optim.lr=0.10", "seed=1"]),
        (#"["x"]"#, #", "uses": ["optim"]"#, ["optim.lr=0.10", #"optim.sched.kind="cos""#, "optim.sched.steps=[1,2]"]),
        (#"["x"]"#, #", "params": {"optim": {"lr": 3}}"#, ["optim.lr=3"]),
        (#"["x"]"#, #", "params": {"optim.lr": 3}"#, ["optim.lr=3"]),
        (
            #"["x"]"#, #", "params": {"optim": {}}"#,
            ["optim.lr=0.10", #"optim.sched.kind="cos""#, "optim.sched.steps=[1,2]"]
        ),
        (#"["x"]"#, #", "params": {"new": {"a": {}, "b": null}}"#, ["new.a={}", "new.b=null"]),
        (#"["x", "${{ params.optim.lr }}"]"#, #", "params": {"optim": {"sched": null}}"#, ["optim.lr=0.10"]),
        (#"["x"]"#, "", []),
    ]) func theKeyHoldsTheValuesThatAreUsed(command: String, more: String, expected: [String]) throws {
        #expect(try params(#"{\#(optim), "stages": {"s": {"command": \#(command)\#(more)}}}"#) == expected)
    }

    @Test func theProcessGetsExactlyThese() throws {
        let text =
            #"{\#(optim), "stages": {"s": {"command": ["x", "${{ params.seed }}"], "uses": ["optim.sched", "optim.lr"]}}}"#
        let stage = try load(text).graph.stages[0]
        #expect(stage.givenParams.text == #"{"optim":{"lr":0.10,"sched":{"kind":"cos","steps":[1,2]}},"seed":1}"#)
    }

    /// Objects merge at every level that gives params; each adds to those before it.
    @Test func everyLevelMerges() throws {
        let text = #"""
            {"params_file": ["a.json", "b.json"], "params": {"o": {"inline": 3, "axis": 3, "defaults": 3, "stage": 3, "set": 3}},
             "axes": {"n": {"1": {"params": {"o": {"axis": 4, "defaults": 4, "stage": 4, "set": 4}}}}},
             "defaults": {"params": {"o": {"defaults": 5, "stage": 5, "set": 5}}},
             "stages": {"s": {"matrix": ["n"], "command": ["x"], "params": {"o": {"stage": 6, "set": 6}}, "uses": ["o"]}}}
            """#
        let first = #"{"o": {"a": 1, "b": 1, "inline": 1, "axis": 1, "defaults": 1, "stage": 1, "set": 1}}"#
        let second = #"{"o": {"b": 2, "inline": 2, "axis": 2, "defaults": 2, "stage": 2, "set": 2}}"#
        let found = try params(text, set: [("o.set", "7")], files: ["a.json": first, "b.json": second])
        #expect(found == ["n=1", "o.a=1", "o.axis=4", "o.b=2", "o.defaults=5", "o.inline=3", "o.set=7", "o.stage=6"])
    }

    @Test(arguments: [
        (#"{"o": {"b": null}}"#, ["o.a=1"]), (#"{"o": null, "p": {"q": 2}}"#, ["p.q=2"]),
        (#"{"o.a": null}"#, ["o.b.c=2"]),
        (#"{"o": {"b": 5}}"#, ["o.a=1", "o.b=5"]), (#"{"o": 5}"#, ["o=5"]),
        (#"{"o": {"b": {"d": null}}}"#, ["o.a=1", "o.b.c=2", "o.b.d=null"]),
        (#"{"o.b.d": 4}"#, ["o.a=1", "o.b.c=2", "o.b.d=4"]), (#"{"o": {"b.c": 7}}"#, ["o.a=1", "o.b.c=7"]),
    ]) func nullRemovesAndDotsAreAPath(inline: String, expected: [String]) throws {
        let text =
            #"{"params_file": "p.json", "params": \#(inline), "stages": {"s": {"command": ["x", "${{ json(params) }}"]}}}"#
        #expect(try params(text, files: ["p.json": #"{"o": {"a": 1, "b": {"c": 2}}}"#]) == expected)
    }

    /// A name in the file that contains a dot itself stays one name for the process.
    @Test func namesWithDotsStayAsTheyAre() throws {
        let text =
            #"{"params": {"files": {"a.csv": {"rows": 3}}}, "stages": {"s": {"command": ["x", "${{ params.files.a.csv.rows }}"]}}}"#
        let stage = try load(text, set: [("files.a.csv.rows", "4")]).graph.stages[0]
        #expect(stage.givenParams.text == #"{"files":{"a.csv":{"rows":4}}}"#)
        #expect(stage.params.map(\.name) == ["files.a.csv.rows"])
        #expect(stage.command == .argv(["x", "4"]))
        #expect(
            problems(#"{"params": {"a": {"b": 1}, "a.b": 2}, "stages": {"s": {"command": ["x"]}}}"#).contains {
                $0.contains("'a.b' is given twice")
            })
    }

    @Test func aMatrixValueHidesTheObjectOfItsName() throws {
        let text =
            #"{"params": {"m": {"a": 1}}, "stages": {"s": {"matrix": {"m": [2]}, "command": ["x", "${{ params.m }}"], "params": {"m": {"b": 1}}}}}"#
        #expect(try params(text) == ["m=2"])
        #expect(
            problems(text.replacing("params.m }}", with: "params.m.a }}")).contains {
                $0.contains("unknown param 'm.a'")
            })
    }

    @Test func filesOfAllFormatsMerge() throws {
        let text =
            #"{"params_file": ["a.yaml", "b.toml", "c.json", "d.yml"], "stages": {"s": {"command": ["x", "${{ json(params) }}"]}}}"#
        let files = [
            "a.yaml": "o:\n  lr: 0.10\n  big: 18446744073709551615\n  names: [a, b]\nresume: null\n",
            "b.toml": "[o]\nlr = 1e-3\nday = 2026-01-31\n",
            "c.json": #"{"o": {"c": 1, /* comment */}}"#, "d.yml": "o: {names: [c]}",
        ]
        #expect(
            try params(text, files: files) == [
                "o.big=18446744073709551615", "o.c=1", #"o.day="2026-01-31""#, "o.lr=1e-3", #"o.names=["c"]"#,
                "resume=null",
            ])
    }

    @Test(arguments: [
        ("p.yaml", "a: 1\nb: [\n", "p.yaml:3:1: did not find expected node content."),
        ("p.toml", "a = 1\na = 2", "p.toml:2:1: duplicate key 'a'."),
        ("p.yml", "a: {b: 1, b: 2}", "p.yml:1:11: a.b: duplicate key 'b', first on line 1."),
        ("p.yaml", "- a", "p.yaml:1:1: must be an object"),
        ("p.json", "{", "p.json:1:2: unexpected end of the file."),
        ("p.toml", "a = 1e1000001", "p.toml:1:5: a: the number 1e1000001"),
        ("p.yaml", "a: ${{ params.b }}", "p.yaml:1:4: a: a param cannot contain a template"),
        ("p.yaml", "a b: 1", "p.yaml:1:1: a b: invalid param name"),
    ]) func mistakesInFilesHaveTheirPlace(name: String, text: String, message: String) {
        let found = problems(
            #"{"params_file": ["\#(name)"], "stages": {"s": {"command": ["x"]}}}"#, files: [name: text])
        #expect(found.contains { $0.hasPrefix("params_file[0]: \(message)") }, "\(found)")
    }

    // MARK: --set

    private let typed = #"""
        {"params": {"aug": false, "lr": 0.1, "n": 3, "name": "a", "betas": [0.9, 0.99], "o": {"lr": 1, "k": 2}, "any": null},
         "stages": {"s": {"command": ["x", "${{ json(params) }}"]}}}
        """#

    @Test(arguments: [
        ("aug", "False", "false"), ("aug", "TRUE", "true"), ("aug", "no", "false"), ("aug", "true", "true"),
        ("aug", "1", "1"),
        ("aug", "\"False\"", "\"False\""), ("lr", ".5", "0.5"), ("lr", "+0.3", "0.3"), ("lr", "1e-3", "1e-3"),
        ("lr", "-.5e-3", "-0.0005"),
        ("lr", "5.", "5"), ("lr", "0.10", "0.10"), ("lr", "\"0.1\"", "\"0.1\""), ("lr", "[1,2]", "[1,2]"),
        ("n", "18446744073709551615", "18446744073709551615"),
        ("name", "False", "\"False\""), ("name", ".5", "\".5\""), ("name", "", "\"\""), ("betas", "[0.5]", "[0.5]"),
        ("any", "x", "\"x\""),
    ]) func valuesTakeTheTypeOfWhatTheyReplace(name: String, value: String, expected: String) throws {
        #expect(try params(typed, set: [(name, value)]).contains("\(name)=\(expected)"))
    }

    @Test(arguments: [
        ("aug", "maybe", "'aug' is true or false"), ("aug", "", "true or false"),
        ("lr", "abc", "is a number, such as 0.1"),
        ("lr", "1_000", "is a number"), ("lr", "007", "is a number"), ("lr", "nan", "is a number"),
        ("lr", "", "is a number"),
        ("lr", "0.1,0.2", "several numbers"), ("lr", "abc", "'\"abc\"'"), ("betas", "0.9,0.99", "is a list"),
        ("o", "lr=3", "is an object"),
        ("lr", "1e1000001", "too large to compare"), ("o", #"{"lr": 1, "lr": 2}"#, "duplicate key"),
        ("lrr", "1", "did you mean 'lr'?"),
        ("o.lrr", "1", "did you mean 'o.lr'?"), ("lr.x", "1", "unknown param 'lr.x'"),
    ]) func otherValuesAreRefused(name: String, value: String, message: String) {
        let found = problems(typed, set: [(name, value)])
        #expect(
            found.count == 1 && found.allSatisfy { $0.hasPrefix("--set \(name): ") && $0.contains(message) }, "\(found)"
        )
    }

    @Test func objectsSetMergeAndNothingIsSetTwice() throws {
        #expect(try params(typed, set: [("o", #"{"lr": 9}"#), ("o.k", "8")]).contains("o.lr=9"))
        #expect(try params(typed, set: [("o", "null")]).allSatisfy { !$0.hasPrefix("o") })
        for twice in [
            [("lr", "1"), ("lr", "2")], [("o", #"{"lr": 9}"#), ("o.lr", "8")], [("o", "1"), ("o.lr", "8")],
            [("o.lr", "8"), ("o", "null")],
        ] {
            let found = problems(typed, set: twice.map { (name: $0.0, value: $0.1) })
            #expect(
                found.contains {
                    $0.contains("is set twice: '\(twice[0].0)=\(twice[0].1)' and '\(twice[1].0)=\(twice[1].1)'")
                }, "\(found)")
        }
    }

    // MARK: Mistakes

    @Test(arguments: [
        (#""command": ["x", "${{ params.optim.lrr }}"]"#, "unknown param 'optim.lrr'; did you mean 'optim.lr'?"),
        (#""command": ["x", "${{ params.optim.lr.x }}"]"#, "unknown param 'optim.lr.x'"),
        (#""command": ["x"], "uses": ["optim.lr", "optm"]"#, "unknown param 'optm'; did you mean 'optim'?"),
        (#""command": ["x"], "uses": "optim""#, "must be a list of params"),
        (#""command": ["x", "${{ params.optim.lr }}"], "params": {"optim": {"lr": null}}"#, "unknown param 'optim.lr'"),
        (
            #""command": ["x"], "params": {"a": [1e1000001]}"#,
            "stages.s.params.a[0]: the number 1e1000001… is too large"
        ),
        (#""command": ["x"], "params": {"a": {"b": 1, "b": 2}}"#, "duplicate key 'b'"),
        (#""command": ["x"], "matrix": {"n": [1e-1000001]}"#, "too large to compare"),
    ]) func mistakes(stage: String, message: String) {
        let found = problems(#"{\#(optim), "stages": {"s": {\#(stage)}}}"#)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    // MARK: Spelling and order

    @Test(arguments: [
        (#""lr": 0.1"#, #""lr": 0.10"#, true), (#""lr": 1e-1"#, #""lr": 0.1"#, true),
        (#""lr": 1"#, #""lr": 1.0"#, true),
        (#""lr": {"a": 1, "b": [2]}"#, #""lr": {"b": [2.0], "a": 1e0}"#, true), (#""lr": 1"#, #""lr": "1""#, false),
        (#""lr": 18446744073709551614"#, #""lr": 18446744073709551615"#, false),
        (#""lr": 0.1"#, #""lr": 0.10000000000000000001"#, false),
        (#""lr": [1, 2]"#, #""lr": [2, 1]"#, false),
    ]) func spellingAndOrderAreNotInTheKey(first: String, second: String, isSame: Bool) throws {
        func form(_ params: String) throws -> ([String], Command, [EnvironmentVariable]) {
            let text =
                #"{"params": {\#(params)}, "stages": {"s": {"command": "x ${{ params.lr }} '${{ json(params) }}'", "env": {"LR": "${{ params.lr }}"}}}}"#
            let stage = try load(text).graph.stages[0]
            return (
                stage.params.map { $0.name + $0.value.canonicalText }, stage.keyForm?.command ?? stage.command,
                stage.keyForm?.environment ?? stage.environment
            )
        }
        let (one, two) = (try form(first), try form(second))
        #expect((one.0 == two.0 && one.1 == two.1 && one.2 == two.2) == isSame)
    }

    @Test func theProcessGetsTheSpellingOfTheFile() throws {
        let stage = try load(
            #"{"params": {"o": {"b": 0.10, "a": 1}}, "stages": {"s": {"command": ["x", "${{ params.o }}", "${{ params.o.b }}"]}}}"#
        ).graph.stages[0]
        #expect(stage.command == .argv(["x", #"{"b":0.10,"a":1}"#, "0.10"]))
        #expect(stage.keyForm?.command == .argv(["x", #"{"a":1,"b":0.1}"#, "0.1"]))
        #expect(
            try load(#"{"params": {"b": 0.1}, "stages": {"s": {"command": ["x", "${{ params.b }}"]}}}"#).graph.stages[0]
                .keyForm == nil)
    }

    @Test func largeNumbersAreDifferentPoints() throws {
        let text =
            #"{"stages": {"s": {"matrix": {"seed": [18446744073709551614, 18446744073709551615]}, "command": ["x"]}}}"#
        #expect(try load(text).graph.stages.count == 2)
        #expect(problems(text.replacing("615", with: "614.0")).contains { $0.contains("duplicate value") })
        let selector = StageSelector("s@seed=18446744073709551615.0")
        #expect(selector.matches(stageName: "s@seed=18446744073709551615", template: "s"))
        #expect(!selector.matches(stageName: "s@seed=18446744073709551614", template: "s"))
    }

    // MARK: defaults

    @Test(arguments: [
        (#"{"lib": "lib.py"}"#, #"["a.csv"]"#, ["lib=lib.py", "a.csv=a.csv"]),
        (#"["lib.py"]"#, #"{"data": "a.csv"}"#, ["lib.py=lib.py", "data=a.csv"]),
        (#"["lib.py"]"#, #"["a.csv", "lib.py"]"#, ["a.csv=a.csv", "lib.py=lib.py"]),
        (#"{"lib": "lib.py"}"#, #"{"lib": "own.py"}"#, ["lib=own.py"]), (#"["lib.py"]"#, "[]", ["lib.py=lib.py"]),
    ]) func defaultInputsMerge(defaults: String, own: String, expected: [String]) throws {
        let text = #"{"defaults": {"inputs": \#(defaults)}, "stages": {"s": {"command": ["x"], "inputs": \#(own)}}}"#
        #expect(try load(text).graph.stages[0].inputs.map { "\($0.name)=\($0.path)" } == expected)
    }

    @Test(arguments: [
        (#"{"log": "l-${{ stage.name }}"}"#, #"["a"]"#, ["log=l-s", "a=a"]),
        (#"["a"]"#, #"{"b": "b"}"#, ["a=a", "b=b"]),
        (#"{"log": {"path": "a", "persist": true}}"#, #"["a", "b"]"#, ["log=a", "b=b"]),
        (#"["a"]"#, #"{"own": "a"}"#, ["own=a"]),
    ]) func defaultOutputsMerge(defaults: String, own: String, expected: [String]) throws {
        let text = #"{"defaults": {"outputs": \#(defaults)}, "stages": {"s": {"command": ["x"], "outputs": \#(own)}}}"#
        #expect(try load(text).graph.stages[0].outputs.map { "\($0.name)=\($0.path)" } == expected)
    }

    @Test func otherDefaultsMerge() throws {
        let text = #"""
            {"capacity": {"licence": 2}, "defaults": {"params": {"o": {"a": 1, "b": 1}}, "env": {"A": "1", "B": "1"}, "resources": {"cpus": 2, "licence": 1},
              "retries": {"max": 3, "delay": "1s"}}, "stages": {"s": {"command": ["x"], "params": {"o": {"b": 2}}, "env": {"B": "2"},
              "resources": {"licence": 2}, "retries": 1}}}
            """#
        let stage = try load(text).graph.stages[0]
        #expect(stage.params.map { "\($0.name)=\($0.value.text)" } == ["o.a=1", "o.b=2"])
        #expect(stage.environment.map(\.value) == ["1", "2"])
        #expect(stage.resources.cpus == Quantity(2) && stage.retries.max == 1 && stage.retries.delaySeconds == 1)
    }
}
