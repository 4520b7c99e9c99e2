// Every mistake that the format reports, with its place and message; all mistakes in a file are reported together.

import PipelineFormat
import Testing

@Suite struct MistakeTests {
    /// Stages of a file with one mistake: its place and a part of the message.
    @Test(arguments: [
        // Keys and types.
        (#""a": {"comand": ["x"], "command": ["x"]}"#, "stages.a.comand", "did you mean 'command'?"),
        (#""a": {"command": ["x"], "qqqqq": 1}"#, "stages.a.qqqqq", "known: description, command"),
        (
            #""a": {"command": 3}"#, "stages.a.command",
            "must be a list of words or a string for the shell, but is the number 3"
        ),
        (#""a": {"command": []}"#, "stages.a.command", "is empty"),
        (#""a": {"command": " "}"#, "stages.a.command", "is empty"),
        (#""a": {"command": [""]}"#, "stages.a.command", "program name is empty"),
        (#""a": {"command": ["x", 3]}"#, "stages.a.command[1]", "must be a string, but is the number 3"),
        (#""a": {"command": ["x", "\u0000"]}"#, "stages.a.command[1]", "NUL"),
        (#""a": {}"#, "stages.a", "has no 'command'"),
        (#""a": 1"#, "stages.a", "must be an object"),
        (#""a": {"command": ["x"], "command": ["y"]}"#, "stages.a.command", "duplicate key 'command', first on line 1"),
        (#""a": {"command": ["x"]}, "a": {"command": ["y"]}"#, "stages.a", "duplicate key"),
        (#""a b": {"command": ["x"]}"#, "stages.a b", "letters, digits"),
        (#""a": {"command": ["x"], "always": "yes"}"#, "stages.a.always", "must be true or false"),
        (#""a": {"command": ["x"], "always": true, "frozen": true}"#, "stages.a", "both 'always' and 'frozen'"),
        (#""a": {"command": ["x"], "keep": -1}"#, "stages.a.keep", "whole number"),
        (#""a": {"command": ["x"], "keep": 1.5}"#, "stages.a.keep", "whole number"),
        (#""a": {"command": ["x"], "track_imports": "no"}"#, "stages.a.track_imports", "must be true or false"),
        (#""a": {"command": ["x"], "depfile": 1}"#, "stages.a.depfile", "must be a string"),
        (#""a": {"command": ["x"], "depfile": ""}"#, "stages.a.depfile", "the path is empty"),
        (#""a": {"command": ["x"], "depfile": "../x.d"}"#, "stages.a.depfile", "inside the pipeline's folder"),
        (#""a": {"command": ["x"], "depfile": "/x.d"}"#, "stages.a.depfile", "inside the pipeline's folder"),
        (#""a": {"command": ["x"], "depfile": ".runs/x.d"}"#, "stages.a.depfile", "reserved for runs"),
        (#""a": {"command": ["x"], "inputs": ["x.d"], "depfile": "x.d"}"#, "stages.a.depfile", "is an input too"),
        (
            #""a": {"command": ["x"], "depfile": "x.d"}, "b": {"command": ["x"], "depfile": "./x.d"}"#,
            "stages.b.depfile", "is the depfile of stage 'a' too"
        ),
        (#""a": {"command": ["x"], "env": {"A=B": "x"}}"#, "stages.a.env.A=B", "invalid variable name"),
        (#""a": {"command": ["x"], "env": {"A": null}}"#, "stages.a.env.A", "must be a string, a number"),
        (#""a": {"command": ["x"], "pass_env": "HOME"}"#, "stages.a.pass_env", "list of variable names"),
        (#""a": {"command": ["x"], "workdir": "../x"}"#, "stages.a.workdir", "inside the pipeline's folder"),
        (#""a": {"command": ["x"], "description": 1}"#, "stages.a.description", "must be a string"),
        // Amounts.
        (#""a": {"command": ["x"], "resources": {"gpus": 1.5}}"#, "stages.a.resources.gpus", "fraction below 1"),
        (#""a": {"command": ["x"], "resources": {"gpus": -1}}"#, "stages.a.resources.gpus", "number of 0 or more"),
        (
            #""a": {"command": ["x"], "resources": {"cpus": "2"}}"#, "stages.a.resources.cpus",
            "must be a number, but is a string"
        ),
        (
            #""a": {"command": ["x"], "resources": {"memory": "16G"}}"#, "stages.a.resources.memory",
            "'16G' is not a size"
        ),
        (#""a": {"command": ["x"], "resources": {"memory": 0}}"#, "stages.a.resources.memory", "greater than 0"),
        (
            #""a": {"command": ["x"], "resources": {"memori": "1GB"}}"#, "stages.a.resources.memori",
            "Did you mean 'memory'?"
        ),
        (#""a": {"command": ["x"], "timeout": "4 hours"}"#, "stages.a.timeout", "'4 hours' is not a duration"),
        (#""a": {"command": ["x"], "timeout": 0}"#, "stages.a.timeout", "greater than 0"),
        (#""a": {"command": ["x"], "retries": "2"}"#, "stages.a.retries", "number or an object"),
        (
            #""a": {"command": ["x"], "retries": {"max": 1, "on": ["faild"]}}"#, "stages.a.retries.on[0]",
            "did you mean 'failed'?"
        ),
        (
            #""a": {"command": ["x"], "retries": {"max": 1, "on": ["lost"]}}"#, "stages.a.retries.on[0]",
            "unknown end state"
        ),
        (#""a": {"command": ["x"], "retries": {"memory": 2}}"#, "stages.a.retries.memory", "\"x2\""),
        (#""a": {"command": ["x"], "retries": {"delay": "soon"}}"#, "stages.a.retries.delay", "not a duration"),
        (#""a": {"command": ["x"], "retries": {"times": 2}}"#, "stages.a.retries.times", "known: max"),
        // Paths.
        (#""a": {"command": ["x"], "outputs": ["/tmp/x"]}"#, "stages.a.outputs[0]", "outside the pipeline's folder"),
        (
            #""a": {"command": ["x"], "outputs": {"o": "b/../../x"}}"#, "stages.a.outputs.o",
            "outside the pipeline's folder"
        ),
        (#""a": {"command": ["x"], "outputs": ["/tmp/x"]}"#, "stages.a.outputs[0]", "\"external\": true"),
        (
            #""a": {"command": ["x"], "outputs": {"o": {"path": "/x", "external": false}}}"#, "stages.a.outputs.o",
            "outside the pipeline's folder"
        ),
        (
            #""a": {"command": ["x"], "outputs": {"o": {"path": "x", "external": "yes"}}}"#,
            "stages.a.outputs.o.external", "must be true or false"
        ),
        (
            #""a": {"command": ["x"], "outputs": {"o": {"path": "a/../../..", "external": true}}}"#,
            "stages.a.outputs.o", "contains the pipeline's folder"
        ),
        (
            #""a": {"command": ["x"], "outputs": {"o": {"path": "/", "external": true}}}"#, "stages.a.outputs.o",
            "contains the pipeline's folder"
        ),
        (
            #""a": {"command": ["x"], "outputs": {"o": {"path": "/x/*", "external": true}}}"#, "stages.a.outputs.o",
            "is a pattern"
        ),
        (
            #""a": {"command": ["x"], "outputs": {"o": {"path": "/x", "external": true}}}, "b": {"command": ["x"], "outputs": {"o": {"path": "/x/y", "external": true}}}"#,
            "stages.b.outputs.o", "is inside '/x', an output of 'a'"
        ),
        (
            #""a": {"command": ["x"], "inputs": {"i": {"path": "/x", "external": true}}}"#,
            "stages.a.inputs.i.external", "unknown key 'external'"
        ),
        (#""a": {"command": ["x"], "outputs": {"o": "./"}}"#, "stages.a.outputs.o", "is the pipeline's folder"),
        (#""a": {"command": ["x"], "outputs": {"o": "x/*.csv"}}"#, "stages.a.outputs.o", "is a pattern"),
        (#""a": {"command": ["x"], "outputs": {"o": ".runs/x"}}"#, "stages.a.outputs.o", "'.runs'"),
        (#""a": {"command": ["x"], "inputs": [".runs/runs.db"]}"#, "stages.a.inputs[0]", "'.runs'"),
        (#""a": {"command": ["x"], "inputs": [""]}"#, "stages.a.inputs[0]", "path is empty"),
        (#""a": {"command": ["x"], "inputs": ["b", "b"]}"#, "stages.a.inputs[1]", "listed twice"),
        (#""a": {"command": ["x"], "inputs": {"b": {}}}"#, "stages.a.inputs.b", "must have 'path' or 'from'"),
        (#""a": {"command": ["x"], "inputs": {"b": {"path": "c", "from": "d.e"}}}"#, "stages.a.inputs.b", "not both"),
        (
            #""a": {"command": ["x"], "inputs": {"b": {"path": "c", "digest": "md5"}}}"#, "stages.a.inputs.b.digest",
            "\"metadata\""
        ),
        (#""a": {"command": ["x"], "outputs": {"b": {"metrics": true}}}"#, "stages.a.outputs.b", "must have 'path'"),
        (#""a": {"command": ["x"], "outputs": "b"}"#, "stages.a.outputs", "object of named paths"),
        // Overlapping outputs.
        (
            #""a": {"command": ["x"], "outputs": ["o"]}, "b": {"command": ["y"], "outputs": ["./o"]}"#,
            "stages.b.outputs[0]", "also an output of 'a'"
        ),
        (#""a": {"command": ["x"], "outputs": ["o", "o/"]}"#, "stages.a.outputs[1]", "listed twice"),
        (
            #""a": {"command": ["x"], "outputs": ["o"]}, "b": {"command": ["y"], "outputs": ["o/p/q"]}"#,
            "stages.b.outputs[0]", "is inside 'o', an output of 'a'"
        ),
        (
            #""a": {"command": ["x"], "outputs": ["o"], "matrix": {"n": [1, 2, 3]}}"#, "stages.a.outputs[0]",
            "add ${{ matrix.n }} to it"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["o"], "outputs": ["o"]}"#, "stages.a.inputs[0]",
            "is the stage's own output"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["d"], "outputs": ["d/o"]}"#, "stages.a.inputs[0]",
            "contains the stage's own output 'd/o'"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["."], "outputs": ["d/o"]}"#, "stages.a.inputs[0]",
            "contains the stage's own output"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["o/p"], "outputs": ["o"]}"#, "stages.a.inputs[0]",
            "is inside the stage's own output 'o'"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["d/*.csv"], "outputs": ["d/o.csv"]}"#, "stages.a.inputs[0]",
            "may match the stage's own output"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["d/*/x"], "outputs": ["d/o"]}"#, "stages.a.inputs[0]",
            "may match the stage's own output"
        ),
        (
            #""a": {"command": ["x"], "inputs": {"m": {"from": "a.o"}}, "outputs": {"o": "p"}}"#, "stages.a.inputs.m",
            "is the stage's own output"
        ),
        // References.
        (
            #""abc": {"command": ["x"], "outputs": {"o": "p"}}, "b": {"command": ["y"], "inputs": {"i": {"from": "abd.o"}}}"#,
            "stages.b.inputs.i", "unknown stage 'abd'; did you mean 'abc'?"
        ),
        (
            #""a": {"command": ["x"], "outputs": {"model": "p"}}, "b": {"command": ["y"], "inputs": {"i": {"from": "a.modle"}}}"#,
            "stages.b.inputs.i", "unknown output 'modle' of stage 'a'; did you mean 'model'?"
        ),
        (
            #""a": {"command": ["x"], "inputs": {"i": {"from": "model"}}}"#, "stages.a.inputs.i",
            "not of the form STAGE.OUTPUT"
        ),
        (
            #""abc": {"command": ["x"]}, "b": {"command": ["y"], "needs": ["acb"]}"#, "stages.b.needs[0]",
            "did you mean 'abc'?"
        ),
        (#""a": {"command": ["x"], "needs": ["a"]}"#, "stages.a.needs[0]", "cannot depend on itself"),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1]}}, "b": {"command": ["y"], "matrix": {"n": [2]}, "needs": ["a"]}"#,
            "stages.b.needs[0]", "no stage of 'a' has the matrix values of 'b@n=2'"
        ),
        (
            #""a": {"command": ["x"], "needs": ["b"]}, "b": {"command": ["y"], "needs": ["a"]}"#, "stages.a",
            "dependency cycle: a → b → a"
        ),
        (
            #""a": {"command": ["x"], "inputs": ["c.o"], "outputs": ["a.o"]}, "b": {"command": ["x"], "inputs": ["a.o"], "outputs": ["b.o"]}, "c": {"command": ["x"], "inputs": ["b.o"], "outputs": ["c.o"]}"#,
            "stages.a", "dependency cycle: a → b → c → a"
        ),
        (#""a": {"command": ["x"], "params": {"p": [{"q": 1, "q": 2}]}}"#, "stages.a.params.p[0].q", "duplicate key"),
        // Matrix.
        (#""a": {"command": ["x"], "matrix": ["data"]}"#, "stages.a.matrix[0]", "unknown axis 'data'"),
        (#""a": {"command": ["x"], "matrix": []}"#, "stages.a.matrix", "matrix is empty"),
        (#""a": {"command": ["x"], "matrix": {}}"#, "stages.a.matrix", "matrix is empty"),
        (#""a": {"command": ["x"], "matrix": {"n": []}}"#, "stages.a.matrix", "axis 'n' has no values"),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1], "exclude": [{"n": 1}]}}"#, "stages.a.matrix",
            "matrix is empty"
        ),
        (#""a": {"command": ["x"], "matrix": {"n": [1, 1.0]}}"#, "stages.a.matrix.n", "duplicate value"),
        (#""a": {"command": ["x"], "matrix": {"n": [null]}}"#, "stages.a.matrix.n[0]", "must be a string, a number"),
        (#""a": {"command": ["x"], "matrix": {"n": [""]}}"#, "stages.a.matrix.n[0]", "must not be empty"),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1], "m": [2], "include": [{"n": 2}]}}"#, "stages.a.include[0]",
            "missing: 'm'"
        ),
        (#""a": {"command": ["x"], "matrix": {"n": [1], "include": [{"n": 1.0}]}}"#, "stages.a.include[0]", "already"),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1.0], "include": [{"n": "1.0"}]}}"#, "stages.a.include[0]",
            "already"
        ),
        (#""a": {"command": ["x"], "matrix": {"n": [1.0, "1.0"]}}"#, "stages.a.matrix.n", "duplicate value"),
        (
            #""a": {"command": ["x"], "matrix": {"size": [1], "exclude": [{"sise": 1}]}}"#, "stages.a.exclude[0].sise",
            "did you mean 'size'?"
        ),
        (#""a": {"command": ["x"], "exclude": [{"n": 1}]}"#, "stages.a.exclude", "requires a 'matrix'"),
        // Templates.
        (#""a": {"command": ["x", "${{ matrix.n"]}"#, "stages.a.command[1]", "missing '}}'"),
        (#""a": {"command": ["x", "${{ env.HOME }}"]}"#, "stages.a.command[1]", "invalid template '${{ env.HOME }}'"),
        (#""a": {"command": ["x", "${{ }}"]}"#, "stages.a.command[1]", "invalid template"),
        (
            #""a": {"command": ["x", "${{ params.lr }}"], "params": {"lrr": 1}}"#, "stages.a.command[1]",
            "unknown param 'lr'; did you mean 'lrr'?"
        ),
        (
            #""a": {"command": ["x", "${{ matrix.n }}"]}"#, "stages.a.command[1]",
            "unknown matrix key 'n'; none are defined"
        ),
        (
            #""a": {"command": "x ${{ inputs.dat }}", "inputs": {"data": "d"}}"#, "stages.a.command",
            "unknown input 'dat'; did you mean 'data'?"
        ),
        (#""a": {"command": "x ${{ outputs.o }}"}"#, "stages.a.command", "unknown output 'o'"),
        (
            #""a": {"command": ["x"], "inputs": ["b"], "outputs": ["${{ inputs.b }}.o"]}"#, "stages.a.outputs[0]",
            "cannot be used in a path"
        ),
        (#""a": {"command": "x '${{ params.p }}'", "params": {"p": "it's"}}"#, "stages.a.command", "inside quotes"),
        (
            #""a": {"command": ["x"], "params": {"p": "${{ stage.name }}"}}"#, "stages.a.params.p",
            "cannot contain a template"
        ),
        (#""a": {"command": ["x"], "params": {"": 1}}"#, "stages.a.params.", "invalid param name"),
        (
            #""a": {"command": ["x", "--in=${{ inputs.i }}"], "inputs": {"i": {"from": "b.o"}}}, "b": {"command": ["y"], "matrix": {"n": [1, 2]}, "outputs": {"o": "o${{ matrix.n }}"}}"#,
            "stages.a.command[1]", "is a list of 2"
        ),
    ]) func inStages(text: String, place: String, sentence: String) {
        let found = problems("{\"stages\": {\(text)}}")
        #expect(found.count == 1 && found[0].hasPrefix("\(place): ") && found[0].contains(sentence), "\(found)")
    }

    @Test(arguments: [
        ("[]", "", "must be an object"),
        ("{}", "stages", "has no stages"),
        (#"{"stages": {}}"#, "stages", "has no stages"),
        (#"{"stage": {}, "stages": {"a": {"command": ["x"]}}}"#, "stage", "did you mean 'stages'?"),
        (#"{"name": "", "stages": {"a": {"command": ["x"]}}}"#, "name", "must not be empty"),
        (#"{"default": ["b"], "stages": {"a": {"command": ["x"]}}}"#, "default[0]", "did you mean 'a'?"),
        (#"{"default": [], "stages": {"a": {"command": ["x"]}}}"#, "default", "is empty"),
        (
            #"{"capacity": {"licence": "2"}, "stages": {"a": {"command": ["x"]}}}"#, "capacity.licence",
            "must be a number"
        ),
        (#"{"params_file": "p.json", "stages": {"a": {"command": ["x"]}}}"#, "params_file", "'p.json' cannot be read"),
        (
            #"{"params_file": "bad.json", "stages": {"a": {"command": ["x"]}}}"#, "params_file",
            "bad.json:1:2: "
        ),
        (#"{"params_file": "list.json", "stages": {"a": {"command": ["x"]}}}"#, "params_file", "must be an object"),
        (#"{"axes": {"n": 3}, "stages": {"a": {"command": ["x"]}}}"#, "axes.n", "list of values"),
        (#"{"axes": {"a b": [1]}, "stages": {"a": {"command": ["x"]}}}"#, "axes.a b", "invalid axis name"),
        (
            #"{"axes": {"n": {"1": {"inputs": []}}}, "stages": {"a": {"command": ["x"]}}}"#, "axes.n.1.inputs",
            "known: params"
        ),
        (#"{"axes": {"n": {"1": {}, "1": {}}}, "stages": {"a": {"command": ["x"]}}}"#, "axes.n.1", "duplicate key"),
        (
            #"{"axes": {"n": [1]}, "stages": {"a": {"matrix": ["n", "n"], "command": ["x"]}}}"#, "stages.a.matrix[1]",
            "listed twice"
        ),
        (#"{"defaults": {"retry": 1}, "stages": {"a": {"command": ["x"]}}}"#, "defaults.retry", "unknown key 'retry'"),
        (#"{"stages": {"a": {"command": ["x"]}}"#, "", "unexpected end of the file"),
    ]) func ofTheFile(text: String, place: String, sentence: String) {
        let found = problems(text, files: ["bad.json": "{", "list.json": "[]"])
        #expect(found.count == 1 && found[0].hasPrefix("\(place): ") && found[0].contains(sentence), "\(found)")
    }

    /// References are checked for each template, even if its matrix is empty.
    @Test func referencesOfATemplateWithoutStages() {
        let found = problems(
            #"{"stages": {"a": {"command": ["x"], "matrix": [], "needs": ["c"], "inputs": {"i": {"from": "a.o"}}}}}"#)
        #expect(found.count == 3, "\(found)")
        #expect(found.contains { $0.hasPrefix("stages.a.needs[0]: unknown stage 'c'") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("stages.a.inputs.i: unknown output 'o' of stage 'a'") }, "\(found)")
    }

    @Test func allAreReportedWithTheirPlaces() {
        let text = """
            {
              "naem": "x",
              "stages": {
                "train": {
                  "command": ["x", "${{ params.lr }}"],
                  "resources": {"gpus": 1.5},
                  "timeout": "soon"
                },
                "eval": {"command": ["y"], "needs": ["trian"]}
              }
            }
            """
        let expected = """
            pipeline.json:2:3: naem: unknown key 'naem'; did you mean 'name'?
            pipeline.json:5:24: stages.train.command[1]: '${{ params.lr }}': unknown param 'lr'; none are defined.
            pipeline.json:6:29: stages.train.resources.gpus: 1.5 is not a valid number of GPUs; use a whole number, or a \
            fraction below 1 to share a device.
            pipeline.json:7:18: stages.train.timeout: 'soon' is not a duration; use "500ms", "90s", "10m", "4h", "1d" or a \
            number of seconds.
            pipeline.json:9:42: stages.eval.needs[0]: unknown stage 'trian'; did you mean 'train'?
            """
        #expect { try load(text) } throws: { "\($0)" == expected }
    }

    @Test func aMistakeOfATemplateIsReportedOnce() {
        let found = problems(
            #"{"stages": {"a": {"matrix": {"n": [1, 2, 3]}, "command": ["x", "${{ params.p }}"], "outputs": ["/o${{ matrix.n }}"]}}}"#
        )
        #expect(
            found == [
                "stages.a.command[1]: '${{ params.p }}': unknown param 'p'; none are defined.",
                "stages.a.outputs[0]: 3 stages of 'a', such as 'a@n=1': the output '/o1' is outside the pipeline's "
                    + "folder; use a path inside it or {\"path\": …, \"external\": true}.",
            ])
    }

    /// The same mistake with a stage's own values is one line, whichever phase finds it.
    @Test(arguments: [
        (
            #""in": {"command": ["x"], "matrix": {"n": [1]}}, "a": {"command": ["x"], "matrix": {"n": [1, 2, 3]}, "needs": ["in"]}"#,
            "2 stages of 'a', such as 'a@n=2': no stage of 'in'"
        ),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1, 2, 3]}, "inputs": ["${{ matrix.n }}"], "outputs": ["${{ matrix.n }}"]}"#,
            "3 stages of 'a', such as 'a@n=1': the input '1' is the stage's own output"
        ),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1, 2]}, "outputs": ["${{ matrix.n }}"]}, "b": {"command": ["x"], "matrix": {"n": [1, 2, 3]}, "outputs": ["${{ matrix.n }}"]}"#,
            "2 stages of 'b', such as 'b@n=1': the output '1' is also an output of 'a@n=1'"
        ),
        (
            #""a": {"command": ["x"], "matrix": {"n": [1, 2]}, "outputs": ["${{ matrix.n }}", "${{ matrix.n }}/x"]}"#,
            "2 stages of 'a', such as 'a@n=1': the output '1/x' is inside '1'"
        ),
    ]) func aMistakeOfManyStagesIsOneLine(text: String, message: String) {
        let found = problems("{\"stages\": {\(text)}}")
        #expect(found.count == 1 && found[0].contains(": \(message)"), "\(found)")
    }

    /// Two mistakes of one stage are both reported, though they differ only by a name.
    @Test func twoMistakesOfAStageAreTwoLines() {
        let found = problems(
            #"{"stages": {"a": {"matrix": {"n": [1, 2]}, "command": "x ${{ params.p }} ${{ params.q }}"}}}"#)
        #expect(found.count == 2 && found[0].contains("param 'p'") && found[1].contains("param 'q'"), "\(found)")
    }

    @Test func warningsOfManyStagesAreOneLine() throws {
        let text =
            #"{"stages": {"a": {"matrix": {"n": [1, 2, 3]}, "command": ["sh", "a.sh", "conf/${{ matrix.n }}"]}}}"#
        let files = ["a.sh": "", "conf/1": "", "conf/3": ""]
        let warnings = try load(text, files: files).warnings
        #expect(warnings.count == 1, "\(warnings)")
        #expect(
            warnings[0].hasPrefix(
                "pipeline.json: stages.a: 2 stages of 'a', such as 'a@n=1': the command uses the file 'conf/1'"))
    }

    @Test func notUTF8AndTooDeep() {
        #expect { try load(bytes: [0x7B, 0xFF, 0x7D]) } throws: {
            "\($0)" == "pipeline.json:1:2: invalid UTF-8 at byte 1."
        }
        let deep = String(repeating: "[", count: 500)
        #expect { try load("{\"x-deep\": \(deep)") } throws: { "\($0)".contains("levels deep") }
    }

    @Test func unknownOverride() {
        let text = #"{"params": {"epochs": 3}, "stages": {"a": {"command": ["x"]}}}"#
        #expect(
            problems(text, set: [("epoch", "4")]) == ["--set epoch: unknown param 'epoch'; did you mean 'epochs'?"])
        #expect { try load(text, set: [("epoch", "4")]) } throws: { "\($0)".hasPrefix("pipeline.json: --set epoch: ") }
    }
}
