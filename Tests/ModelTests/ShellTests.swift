// Which shell runs a command, and what replaces late templates.

import Model
import Testing

@Suite struct ShellTests {
    private func stage(_ text: String, shell: [String]? = nil) -> Stage {
        Stage(name: "s", template: "s", command: .shell(text), shell: shell.map { Shell(words: $0) })
    }

    /// Plain words go past shells that would only execute them.
    @Test(
        arguments: [
            (nil, true), (["sh", "-c"], true), (["/usr/bin/dash", "-ec"], true),
            (["bash", "-euo", "pipefail", "-c"], true),
            (["bash", "-lc"], false), (["bash", "-xc"], false), (["bash", "--login", "-c"], false),
            (["zsh", "-c"], false),
            (["python3", "-c"], false), (["conda", "run", "-n", "x", "bash", "-c"], false), (["sh"], false),
        ] as [([String]?, Bool)])
    func plainWords(shell: [String]?, areExecuted: Bool) {
        let words = stage("make all", shell: shell).plainWords(in: ["PATH=/bin"])
        #expect(words == (areExecuted ? ["make", "all"] : nil))
    }

    @Test(
        arguments: [
            (["bash", "-euo", "pipefail", "-c"], ["bash", "-euo", "pipefail", "f"]),
            (["sh", "-ec"], ["sh", "-e", "f"]),
            (["perl", "-e"], ["perl", "f"]), (["nix-shell", "--run"], nil), (["sh"], nil), (["env", "bash-c"], nil),
        ] as [([String], [String]?)])
    func aFileReplacesTheOptionOfText(shell: [String], words: [String]?) {
        #expect(Shell(words: shell).arguments(forFile: "f") == words)
    }

    @Test func aChosenShellIsShown() {
        #expect(stage("a | b").commandText == "a | b")
        #expect(stage("a | b", shell: ["sh", "-c"]).commandText == "sh -c 'a | b'")
        #expect(stage("a | b", shell: ["sh", "-c"]).arguments(.standard) == ["sh", "-c", "a | b"])
        #expect(stage("a | b").arguments(.standard) == ["bash", "-euo", "pipefail", "-c", "a | b"])
    }

    @Test(
        arguments: [
            ("yes | head -1", 141, false, "|| [ $? = 141 ]"), ("yes", 141, false, nil),
            ("grep x f", 1, true, "|| true"),
            ("grep x f", 1, false, nil), ("grep x f", 2, true, nil), ("make", 1, true, nil),
        ] as [(String, Int32, Bool, String?)])
    func hints(text: String, code: Int32, isLogEmpty: Bool, part: String?) {
        let hint = stage(text).hint(forExitCode: code, isLogEmpty: isLogEmpty)
        #expect(part.map { hint?.contains($0) == true } ?? (hint == nil))
        let words = Stage(name: "s", template: "s", command: .argv([text, "|", "grep"]))
        #expect(words.hint(forExitCode: code, isLogEmpty: isLogEmpty) == nil)
    }

    @Test func lateTemplatesAreReplacedWhereTheyAre() {
        func late(_ place: LateTemplate.Place, _ start: Int, _ value: LateValue, quoted: Bool = false) -> LateTemplate {
            LateTemplate(place: place, start: start, count: 1, value: value, isQuoted: quoted)
        }
        let values: (LateValue) -> [String] = { value in
            switch value {
            case .matches: ["a b", "c"]
            case .cpus: ["8"]
            default: []
            }
        }
        var words = Stage(name: "s", template: "s", command: .argv(["x", "é=%", "%", "%"]))
        words.lateTemplates = [late(.word(1), 3, .cpus), late(.word(2), 0, .matches("m")), late(.word(3), 0, .cpus)]
        #expect(words.rendered(values).command == .argv(["x", "é=8", "a b", "c", "8"]))
        #expect(words.rendered(values).lateTemplates.isEmpty)
        var text = stage("é % % %")
        text.environment = [EnvironmentVariable(name: "A", value: "%"), EnvironmentVariable(name: "B", value: "%")]
        text.lateTemplates = [
            late(.shellText, 3, .matches("m"), quoted: true), late(.shellText, 5, .cpus, quoted: true),
            late(.shellText, 7, .matches("m")), late(.variable("B"), 0, .matches("m")),
        ]
        #expect(text.rendered(values).command == .shell("é 'a b' c 8 a b c"))
        #expect(text.rendered(values).environment.map(\.value) == ["%", "a b c"])
    }

    @Test(
        arguments: [
            ("gpu", "gpus"), ("GPU", "gpus"), ("gpus_count", "gpus"), ("num-gpus", "gpus"), ("cpu", "cpus"),
            ("cores", "cpus"), ("mem", "memory"), ("ram", "memory"), ("memroy", "memory"), ("licence", nil),
            ("tokens", nil),
        ] as [(String, String?)])
    func namesOfResources(name: String, meant: String?) { #expect(resourceMeant(by: name) == meant) }
}
