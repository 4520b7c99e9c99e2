// Templates whose values are known when a stage starts: what is left in the command, and what is an error.

import Model
import PipelineFormat
import Testing

@Suite struct LateTemplateTests {
    private func stage(_ fields: String) throws -> Stage {
        try stages(
            #""a": {"inputs": {"all": "r/*.csv", "one": "one"}, "resources": {"cpus": 2, "memory": "1kB"}, \#(fields)}"#
        )[0]
    }

    /// The command stays as it is written; with every late value replaced by `A B`, it is the second one.
    @Test(
        arguments: [
            (#"["x", "${{inputs.all}}", "${{ inputs.one }}"]"#, "x '${{ inputs.all }}' one", "x 'A B' C one"),
            (#"["x", "--n=${{ resources.cpus }}:${{ stage.attempt }}"]"#, nil, "x '--n=A B C:A B C'"),
            (#""cat ${{ inputs.all }}""#, "cat ${{ inputs.all }}", "cat 'A B' C"),
            (#""x '${{ raw(inputs.all) }}'""#, "x '${{ raw(inputs.all) }}'", "x 'A B C'"),
            (#""(cd d; cat ${{ inputs.all }} > $(wc ${{ inputs.all }}))""#, nil, "(cd d; cat 'A B' C > $(wc 'A B' C))"),
            (#""x $((${{ resources.cpus }} * 2)) \"${{ resources.memory_bytes }}\"""#, nil, nil),
        ] as [(String, String?, String?)])
    func commands(command: String, text: String?, rendered: String?) throws {
        let stage = try stage("\"command\": \(command)")
        if let text { #expect(stage.commandText == text) }
        if let rendered { #expect(stage.rendered { _ in ["A B", "C"] }.commandText == rendered) }
        #expect(!stage.lateTemplates.isEmpty)
    }

    @Test func variables() throws {
        let stage = try stage(
            #""command": ["x"], "env": {"B": "${{ resources.memory_bytes }}", "A": "<${{ inputs.all }}>", "C": "1"}"#)
        #expect(stage.environment.map(\.value) == ["<${{ inputs.all }}>", "${{ resources.memory_bytes }}", "1"])
        #expect(stage.rendered { _ in ["A", "B"] }.environment.map(\.value) == ["<A B>", "A B", "1"])
    }

    @Test(arguments: [
        (#""command": "x ${{ resources.gpus }}""#, "the stage has no gpus; set resources.gpus."),
        (#""command": ["x"], "env": {"A": "${{ resources.gpus }}"}"#, "the stage has no gpus; set resources.gpus."),
        (#""command": ["x", "--in=${{ inputs.all }}"]"#, "use it as a word of its own"),
        (#""command": "x \"${{ inputs.all }}\"""#, "is a list inside quotes"),
        (#""command": "x '${{ inputs.all }}'""#, "is a list inside quotes"),
        (#""command": "x `y ${{ inputs.all }}`""#, "cannot be quoted safely"),
        (#""command": "x", "outputs": ["o/${{ stage.attempt }}"]"#, "cannot be used in a path"),
        (#""command": "x", "workdir": "${{ resources.cpus }}""#, "cannot be used in a path"),
        (#""command": "x ${{ resources.memory }}""#, "did you mean 'resources.memory_bytes'?"),
        (#""command": "x ${{ resources.gpu }}""#, "did you mean 'resources.gpus'?"),
        (#""command": "x ${{ stage.attempts }}""#, "did you mean 'stage.attempt'?"),
    ])
    func mistakes(fields: String, sentence: String) {
        #expect { try stage(fields) } throws: { "\($0)".contains(sentence) }
    }

    /// The program is found behind them, and they name no files themselves.
    @Test func theProgramIsFound() throws {
        let loaded = try load(
            #"{"stages": {"a": {"command": "N=${{ resources.cpus }} python3 a.py ${{ resources.cpus }} > o"}}}"#,
            files: ["a.py": "", "resources.cpus": "", "}}": ""])
        #expect(loaded.graph.stages[0].inputs == [Input(name: "program", path: "a.py")] && loaded.warnings.isEmpty)
    }

    @Test func shells() throws {
        let all = try stages(
            #"""
            "a": {"command": "x; y"}, "b": {"command": "x; y", "shell": ["bash", "-c"]}, "c": {"command": ["x"]}
            """#, with: #""defaults": {"shell": ["sh", "-c"]},"#)
        #expect(all.map { $0.shell?.words } == [["sh", "-c"], ["bash", "-c"], nil])
        for (shell, sentence) in [
            ("[]", "has no program"), (#"[""]"#, "has no program"), (#""sh -c""#, "a list of words"),
        ] {
            let found = problems(#"{"stages": {"a": {"command": "x; y", "shell": \#(shell)}}}"#)
            #expect(found.count == 1 && found[0].contains(sentence), "\(found)")
        }
    }
}
