// Dependencies by paths, and the program as an input.

import Model
import PipelineFormat
import Testing

@Suite struct EdgeTests {
    /// The output of one stage, the input of another, and whether the second depends on the first.
    @Test(arguments: [
        ("d/o.csv", "d/o.csv", true), ("./d//o.csv", "d/o.csv/", true), ("d/o.csv", "d", true),
        ("d/e/o.csv", "d", true),
        ("d", "d/e/o.csv", true), ("d/o.csv", ".", true), ("d/o.csv", "d/*.csv", true), ("d/e/o.csv", "d/*.csv", false),
        ("d/e/o.csv", "d/**", true), ("d/e/o.csv", "**/*.csv", true), ("d/e/o.csv", "**/*.txt", true),
        ("d", "d/*/x", true),
        ("d/e", "d/*/x", true), ("d/e", "d/f/*.csv", false), ("d", "d/f/*.csv", true), ("d/f/g", "d/f/*/h/*.csv", true),
        ("d/o", "d/o2", false), ("d/o", "d/", true), ("do", "d", false), ("d/o", "d/o/../p", false),
        ("d/o", "/d/o", false),
        ("d/.o", "d/*", false), ("d/o", "../d/o", false), ("d/é", "d/[é]", true), ("d/o[1].csv", "d/o[1].csv", false),
    ]) func relations(output: String, input: String, isEdge: Bool) throws {
        let graph = try load(
            #"{"stages": {"b": {"command": ["x"], "inputs": ["\#(input)"]}, "a": {"command": ["x"], "outputs": ["\#(output)"]}}}"#
        ).graph
        #expect(graph.edges == (isEdge ? ["a → b"] : []))
        #expect(graph.producers == (isEdge ? [[[1]], []] : [[[]], []]))
    }

    @Test func externalOutputs() throws {
        let graph = try load(
            #"""
            {"stages": {
              "a": {"workdir": "w", "command": ["x", "${{ outputs.far }}", "${{ outputs.up }}", "${{ outputs.near }}"],
                    "outputs": {"far": {"path": "/s//m/", "external": true}, "up": {"path": "../u", "external": true}, "near": "n"}},
              "b": {"command": ["x"], "inputs": {"m": {"from": "a.far"}, "u": "../u/v"}}}}
            """#
        ).graph
        let stage = try graph.stage("a")
        #expect(stage.outputs.map(\.path) == ["/s/m", "../u", "n"])
        #expect(stage.outputs.map(\.isExternal) == [true, true, false])
        #expect(stage.arguments(.standard) == ["x", "/s/m", "../../u", "../n"])
        #expect(graph.producers == [[], [[0], [0]]])
        #expect(graph.moved(into: "p/").stages[0].outputs.map(\.path) == ["/s/m", "u", "p/n"])
        #expect(graph.moved(into: "p/").stages[0].outputs.map(\.isExternal) == [true, true, false])
    }

    @Test func metricsAreFiles() throws {
        let graph = try load(
            #"{"stages": {"a": {"command": ["x"], "outputs": {"m": {"path": "d/m.json", "metrics": true}}, "inputs": ["d/*/x"]}}}"#
        ).graph
        #expect(graph.edges.isEmpty)
    }

    @Test func manyMakersOfOneInput() throws {
        let graph = try load(
            #"""
            {"stages": {
              "part": {"matrix": {"n": [1, 2, 3]}, "command": ["x"], "outputs": ["parts/${{ matrix.n }}.csv"]},
              "folder": {"command": ["x"], "inputs": ["parts"]}, "glob": {"command": ["x"], "inputs": ["parts/[12].csv", "raw"]},
              "both": {"command": ["x"], "inputs": ["parts", "parts/*.csv"], "needs": ["part", "glob"]}}}
            """#
        ).graph
        #expect(graph.producers[3...] == [[[0, 1, 2]], [[0, 1], []], [[0, 1, 2], [0, 1, 2]]])
        #expect(graph.predecessors[3...] == [[0, 1, 2], [0, 1], [0, 1, 2, 4]])
    }

    @Test func aReferenceTakesTheModeOfItsOutput() throws {
        let all = try stages(
            #""a": {"command": ["x"], "outputs": {"o.x/y": {"path": "big[1]", "digest": "metadata"}}}, "b": {"command": ["x", "${{ inputs.i }}"], "inputs": {"i": {"from": "a.o.x/y"}}}"#
        )
        #expect(all[1].inputs == [Input(name: "i", path: "big[1]", isGlob: false, mode: .metadata)])
        #expect(all[1].command == .argv(["x", "big[1]"]))
    }

    /// A command and the path of its input `program`.
    @Test(
        arguments: [
            (#"["python3", "a.py", "b.py"]"#, "a.py"), (#"["./a.py", "b.py"]"#, "a.py"), (#"["a.py"]"#, "a.py"),
            (#"["/usr/bin/python3.11", "-u", "-W", "a.py"]"#, "a.py"), (#"["bash", "-e", "./a.py"]"#, "a.py"),
            (#"["python3", "-m", "a.py"]"#, nil), (#"["sh", "-c", "a.py"]"#, nil), (#"["tool", "a.py"]"#, nil),
            (#"["python3", "gone.py"]"#, nil), (#"["python3", "/a.py"]"#, nil), (#"["python3", "../a.py"]"#, nil),
            (#"["python3"]"#, nil), (#"["pythonic", "a.py"]"#, nil), (#"["Rscript", "made/tool"]"#, "made/tool"),
            (#"["made/tool"]"#, "made/tool"),
            (#""python3 a.py --x b.py""#, "a.py"), (#""X=1 Y=2 python3 'a.py'""#, "a.py"),
            (#""./a.py | python3 b.py""#, "a.py"),
            (#""python3 a.py>log""#, "a.py"), (##""# python3 b.py\n  python3 \\\n a.py""##, "a.py"),
            (#""cd x && python3 a.py""#, nil),
            (#""python3 $HOME/a.py""#, nil), (#""python3 \"${X}\" a.py""#, "a.py"), (#""(python3 a.py)""#, "a.py"),
            (#""python3 ${{ params.p }}""#, "a.py"),
        ] as [(String, String?)]) func program(command: String, expected: String?) throws
    {
        let loaded = try load(
            #"{"params": {"p": "a.py"}, "stages": {"m": {"command": ["x"], "outputs": ["made"]}, "s": {"command": \#(command)}}}"#,
            files: ["a.py": "", "b.py": ""])
        let programs = loaded.graph.stages[1].inputs
        #expect(programs == (expected.map { [Input(name: "program", path: $0)] } ?? []))
        #expect(loaded.graph.edges == (expected == "made/tool" ? ["m → s"] : []))
        let silent = try load(
            #"{"params": {"p": "a.py"}, "stages": {"s": {"command": \#(command), "track_program": false}}}"#,
            files: ["a.py": "", "b.py": ""])
        #expect(silent.graph.stages[0].inputs.isEmpty && silent.warnings.isEmpty)
    }

    @Test(
        arguments: [
            (#"["python3", "-m", "pkg.run", "x"]"#, "pkg/run.py", true),
            (#""python3 -u -m pkg""#, "pkg/__main__.py", true),
            (#"["env", "A=1", "python3.11", "a.py"]"#, nil, true), (#""A=1 exec python -c pass""#, nil, true),
            (#""cd x; python3 a.py""#, nil, true), (#""echo python3""#, nil, false),
            (#"["bash", "-m", "pkg"]"#, nil, false),
            (#"["./python3-not"]"#, nil, false),
        ] as [(String, String?, Bool)])
    func pythonIsRecognized(command: String, program: String?, startsPython: Bool) throws {
        let stage = try stages(
            #""s": {"command": \#(command), "workdir": "w", "depfile": "${{ stage.name }}.d"}"#,
            files: ["w/pkg/run.py": "", "w/pkg/__main__.py": ""])[0]
        #expect(stage.inputs == (program.map { [Input(name: "program", path: "w/\($0)")] } ?? []))
        #expect(stage.discovery == InputDiscovery(startsPython: startsPython, depfile: "w/s.d"))
    }

    @Test(arguments: [
        (". ./lib.sh\nsource other.sh && . lib.sh", "run.sh", ["./lib.sh", "other.sh", "lib.sh"]),
        ("#!/usr/bin/env bash\nif true; then . a; fi # . b\n. \"$HERE/c\"\necho . d", "run", []),
        ("#!/bin/sh\n. a\n. a", "run", ["a"]), (". a", "run.py", []), ("#!/usr/bin/env python3\n. a", "run", []),
    ])
    func sourcedFilesAreFound(text: String, name: String, files: [String]) {
        #expect(sourcedFiles(inScript: text, named: name) == files)
    }

    @Test func aProgramThatIsAnInputAlreadyOrAnOutput() throws {
        for more in [
            #""inputs": ["./a.py"]"#, #""inputs": {"program": "a.py"}"#, #""inputs": ["*.py"]"#,
            #""outputs": ["a.py"]"#,
        ] {
            let loaded = try load(
                #"{"stages": {"s": {"command": ["python3", "a.py"], \#(more)}}}"#, files: ["a.py": ""])
            #expect(loaded.graph.stages[0].inputs.count <= 1 && loaded.warnings.isEmpty, "\(more)")
        }
    }

    @Test func warnsAboutUntrackedFiles() throws {
        let text = #"""
            {"stages": {"s": {"matrix": {"n": [1, 2]}, "command": ["python3", "a.py", "conf.json", "data/x.csv", "-v", "out.csv", "1"],
              "inputs": ["data"], "outputs": ["out.csv/${{ matrix.n }}"], "resources": {"gpu": 1}},
              "t": {"command": "cat < conf.json | tool b.py > c.txt 2>> d.txt; echo >e.txt f.txt"}}}
            """#
        let warnings = try load(
            text,
            files: [
                "a.py": "", "b.py": "", "c.txt": "", "d.txt": "", "e.txt": "", "f.txt": "", "conf.json": "",
                "data/x.csv": "", "1": "",
            ]
        ).warnings
        func untracked(_ path: String) -> String {
            "the command uses the file '\(path)', which is neither an input nor an output, so changes to it are not "
                + "detected; add it to \"inputs\"."
        }
        #expect(
            warnings == [
                "pipeline.json: stages.s.resources.gpu: the counted resource 'gpu' is not in \"capacity\"; did you mean "
                    + "'gpus'?",
                "pipeline.json: stages.s: \(untracked("conf.json"))", "pipeline.json: stages.s: \(untracked("1"))",
                "pipeline.json: stages.t: \(untracked("conf.json"))", "pipeline.json: stages.t: \(untracked("b.py"))",
                // Files that are only written are not inputs.
                "pipeline.json: stages.t: \(untracked("f.txt"))",
            ])
    }
}
