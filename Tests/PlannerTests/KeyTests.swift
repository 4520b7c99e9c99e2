// What is part of the key and what is not, and that adjacent fields cannot be confused.

import Model
import Planner
import Testing

@Suite struct KeyTests {
    private func keyed(_ change: (inout Stage) -> Void) -> Digest {
        var stage = Stage(
            name: "s", template: "s", command: .argv(["a", "b"]), outputs: [Output(name: "o", path: "o")])
        change(&stage)
        return baseKey(of: stage, environment: stage.environment)
    }

    @Test func whatDeterminesTheResultIsInTheKey() {
        let keys = [
            keyed { _ in },
            keyed { $0.command = .argv(["a b"]) },
            keyed { $0.command = .argv(["ab"]) },
            keyed { $0.command = .shell("a b") },
            keyed {
                $0.command = .shell("a b")
                $0.shell = .standard
            },
            keyed {
                $0.command = .shell("a b")
                $0.shell = Shell(words: ["sh", "-c"])
            },
            keyed { $0.workingDirectory = "w" },
            keyed { $0.environment = [EnvironmentVariable(name: "A", value: "")] },
            keyed { $0.environment = [EnvironmentVariable(name: "A", value: nil)] },
            keyed { $0.params = [Param(name: "p", value: .number("1"))] },
            keyed { $0.params = [Param(name: "p", value: .string("1"))] },
            keyed { $0.outputs = [Output(name: "o", path: "p")] },
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func valuesAreInTheKeyAndTheirSpellingIsNot() {
        func param(_ value: JSONValue) -> Digest { keyed { $0.params = [Param(name: "p", value: value)] } }
        #expect(param(.number("0.10")) == param(.number("1e-1")))
        #expect(param(.number("18446744073709551614")) != param(.number("18446744073709551615")))
        #expect(param(.object(["a": .number("1"), "b": .null])) == param(.object(["b": .null, "a": .number("1.0")])))
        func spelled(_ word: String, _ canonical: String) -> Digest {
            keyed { stage in
                stage.command = .argv(["x", word])
                stage.environment = [EnvironmentVariable(name: "V", value: word)]
                stage.keyForm = KeyForm(
                    command: .argv(["x", canonical]), environment: [EnvironmentVariable(name: "V", value: canonical)])
            }
        }
        #expect(spelled("0.10", "0.1") == spelled("0.1", "0.1"))
        #expect(spelled("0.10", "0.1") != spelled("0.20", "0.2"))
    }

    /// What is recorded of a secret is a digest; the key must not have its value.
    @Test func theFormOfASecretIsItsDigest() {
        var stage = Stage(name: "s", template: "s", command: .argv(["a"]))
        stage.environment = [EnvironmentVariable(name: "API_KEY", value: "0.10")]
        stage.keyForm = KeyForm(
            command: stage.command, environment: [EnvironmentVariable(name: "API_KEY", value: "0.1")])
        let recorded = recordedEnvironment(of: stage, salt: [1]) { _ in nil }
        var plain = stage
        plain.keyForm = nil
        #expect(baseKey(of: stage, environment: recorded) == baseKey(of: plain, environment: recorded))
    }

    @Test func otherSettingsAreNotInTheKey() {
        let plain = keyed { _ in }
        #expect(keyed { $0.name = "other" } == plain)
        #expect(keyed { $0.resources = ResourceRequest(cpus: Quantity(4)) } == plain)
        #expect(keyed { $0.retries = RetryPolicy(max: 3) } == plain)
        #expect(keyed { $0.timeoutSeconds = 5 } == plain)
        #expect(keyed { $0.summary = "words" } == plain)
    }

    @Test func inputsCountByPathNotByNameOrOrder() {
        let base = keyed { _ in }
        let one = Fingerprint(kind: .content, digest: base, sizeBytes: 1)
        let two = Fingerprint(kind: .tree, digest: base, sizeBytes: 1)
        func recorded(_ name: String, _ path: String, _ print: Fingerprint) -> RecordedPath {
            RecordedPath(name: name, path: path, fingerprint: print)
        }
        let reference = key(base: base, inputs: [recorded("a", "x", one), recorded("b", "y", one)])
        #expect(key(base: base, inputs: [recorded("b", "y", one), recorded("c", "x", one)]) == reference)
        #expect(key(base: base, inputs: [recorded("a", "x", one), recorded("b", "y", two)]) != reference)
        #expect(key(base: base, inputs: [recorded("a", "x", one)]) != reference)
    }
}
