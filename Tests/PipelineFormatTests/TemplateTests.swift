// Templates in all places, and quoting in shell strings.

import Model
import PipelineFormat
import Testing

@Suite struct TemplateTests {
    private let fanIn =
        #""parts": {"matrix": {"n": ["1", "b c"]}, "command": ["p"], "outputs": {"o": "o ${{ matrix.n }}"}},"#

    /// A command in the file and its expansion.
    @Test(arguments: [
        (#"["x", "${{ matrix.lr }}", "a${{matrix.lr}}b", "${{ stage.name }}"]"#, ["x", "0.10", "a0.10b", "a@lr=0.10"]),
        (
            #"["x", "${{ params.text }}", "${{ params.list }}", "${{ params.flag }}"]"#,
            ["x", "it's", "[1,\"a b\"]", "true"]
        ),
        (#"["x", "${{ inputs.i }}", "--out=${{ outputs.o }}"]"#, ["x", "in put.csv", "--out=out/0.10"]),
        (#"["x", "${{ inputs.many }}", "y"]"#, ["x", "o 1", "o b c", "y"]),
        (
            #"["x", "$HOME", "${X}", "{}", "$${{ matrix.lr }}", "{{ a }}", "${ {"]"#,
            ["x", "$HOME", "${X}", "{}", "$0.10", "{{ a }}", "${ {"]
        ),
        (#"["x", "${{ raw(params.text) }}"]"#, ["x", "it's"]),
        (
            #"["x", "${{ json(params) }}"]"#,
            ["x", #"{"empty":"","flag":true,"list":[1,"a b"],"lr":0.10,"text":"it's","word":"w"}"#]
        ),
    ]) func argv(command: String, expected: [String]) throws {
        #expect(try stage(command).command == .argv(expected))
    }

    @Test(arguments: [
        (#"x --lr ${{ matrix.lr }} ${{ params.word }}"#, "x --lr 0.10 w"),
        (#"x ${{ params.text }}"#, #"x 'it'\''s'"#),
        (#"x ${{ params.empty }} ${{ params.list }}"#, #"x '' '[1,"a b"]'"#),
        (#"x --in=${{ inputs.i }} > ${{ outputs.o }}"#, "x --in='in put.csv' > out/0.10"),
        (#"cat ${{ inputs.many }}"#, "cat 'o 1' 'o b c'"),
        (#"x \"${{ params.text }}\" '${{ params.word }}'"#, #"x "it's" 'w'"#),
        (#"x \"${{ inputs.i }}\""#, #"x "in put.csv""#),
        (#"x '${{ params.list }}'"#, #"x '[1,"a b"]'"#),
        (#"x ${{ raw(params.text) }} '${{ raw(params.text) }}'"#, "x it's 'it's'"),
        (#"cat \"${{ raw(inputs.many) }}\""#, #"cat "o 1 o b c""#),
        (#"x $HOME ${X} {} ${X:-1} $((1 + 2))"#, "x $HOME ${X} {} ${X:-1} $((1 + 2))"),
        (#"x \"$(cat ${{ inputs.i }})\""#, #"x "$(cat 'in put.csv')""#),
        (#"(cd a && x ${{ inputs.i }})"#, "(cd a && x 'in put.csv')"),
        (#"x # it's\ny ${{ params.text }}"#, "x # it's\ny 'it'\\''s'"),
        (#"x a#b ${{ params.text }}"#, #"x a#b 'it'\''s'"#),
        (#"x \\' ${{ params.text }}"#, #"x \' 'it'\''s'"#),
        (#"x \"\\\"\" ${{ params.text }}"#, #"x "\"" 'it'\''s'"#),
        (#"x <<EOF\n${{ params.word }}\nEOF"#, "x <<EOF\nw\nEOF"),
        (#"x `y ${{ params.word }}`"#, "x `y w`"),
        (#"x $((${{ matrix.lr }} * (2 + 1))) ${{ params.text }}"#, #"x $((0.10 * (2 + 1))) 'it'\''s'"#),
        (#"x $((1 + $(wc -l < ${{ inputs.i }})))"#, "x $((1 + $(wc -l < 'in put.csv')))"),
        (#"case a in a) x ${{ params.text }};; esac"#, #"case a in a) x 'it'\''s';; esac"#),
        (#"x \"$(incase ${{ inputs.i }})\""#, #"x "$(incase 'in put.csv')""#),
    ]) func shell(command: String, expected: String) throws {
        #expect(try stage("\"\(command)\"").command == .shell(expected))
    }

    @Test(arguments: [
        (#"x '${{ params.text }}'"#, "would end them"),
        (#"x \"${{ params.list }}\""#, "would end them"),
        (#"x \"$(cat \"${{ params.list }}\")\""#, "would end them"),
        (#"cat \"${{ inputs.many }}\""#, "one word"),
        (#"x `y ${{ params.text }}`"#, "cannot be quoted safely"),
        (#"x <<EOF\n${{ params.text }}\nEOF"#, "cannot be quoted safely"),
        (#"x \\${{ params.text }}"#, "cannot be quoted safely"),
        (#"x $${{ params.text }}"#, "cannot be quoted safely"),
        (#"x ${Y:-${{ params.text }}}"#, "cannot be quoted safely"),
        (#"x $'a' ${{ params.text }}"#, "cannot be quoted safely"),
        (#"x # ${{ params.text }}"#, "cannot be quoted safely"),
        (#"x $((${{ params.text }} + 1))"#, "cannot be quoted safely"),
        (#"x \"$((1 + (${{ params.text }})))\""#, "cannot be quoted safely"),
        (#"x \"$(case a in a) y ${{ inputs.i }};; esac)\""#, "cannot be quoted safely"),
        (#"x \"${Y:-\"a\"}\" ${{ params.text }}"#, "cannot be quoted safely"),
    ]) func unsafe(command: String, sentence: String) {
        #expect { try stage("\"\(command)\"") } throws: {
            "\($0)".contains("stages.a.command: ") && "\($0)".contains(sentence)
        }
    }

    @Test func otherPlaces() throws {
        let stage = try stages(
            #"""
            "a": {
              "matrix": {"n": [1]}, "params": {"dir": "deep", "no": 2}, "command": ["x"], "workdir": "${{ params.dir }}/w",
              "inputs": ["in/${{ matrix.n }}/*.csv", "/abs/${{ matrix.n }}"], "outputs": {"o": "${{ params.dir }}//./out"},
              "env": {"OUT": "${{ outputs.o }}:${{ stage.name }}", "N": 3, "F": true, "T": "1.50"}
            }
            """#)[0]
        #expect(stage.workingDirectory == "deep/w")
        #expect(stage.inputs.map(\.path) == ["in/1/*.csv", "/abs/1"])
        #expect(stage.inputs.map(\.isGlob) == [true, false])
        #expect(stage.outputs.map(\.path) == ["deep/out"])
        #expect(
            stage.environment.map { "\($0.name)=\($0.value ?? "")" } == ["F=true", "N=3", "OUT=../out:a@n=1", "T=1.50"])
    }

    @Test func pathsAreRelativeToTheWorkingDirectory() throws {
        let stage = try stages(
            #""a": {"workdir": "sub/dir", "command": ["python3", "run.py", "${{ inputs.near }}", "${{ inputs.far }}", "${{ inputs.abs }}"], "inputs": {"near": "sub/dir/x", "far": "data", "abs": "/d"}}"#,
            files: ["sub/dir/run.py": ""])[0]
        #expect(stage.command == .argv(["python3", "run.py", "x", "../../data", "/d"]))
        #expect(stage.inputs.last == Input(name: "program", path: "sub/dir/run.py"))
    }

    private func stage(_ command: String) throws(PipelineErrors) -> Stage {
        try stages(
            fanIn
                + #""a": {"matrix": {"lr": [0.10]}, "command": \#(command), "params": {"text": "it's", "word": "w", "empty": "", "list": [1, "a b"], "flag": true}, "inputs": {"i": "in put.csv", "many": {"from": "parts.o"}}, "outputs": {"o": "out/${{ matrix.lr }}"}}"#
        )[2]
    }
}
