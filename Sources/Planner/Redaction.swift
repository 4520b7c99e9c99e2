// What is recorded and shown of secrets: a salted digest in the place of each, so that a change is seen and the value is
// not. Knows the rules; does not store anything. Keys are made of the real values.

import Model

/// Replaces the secrets of one pipeline.
public struct Redaction: Sendable {
    private let rules: SecretRules
    private let salt: [UInt8]
    private let caller: @Sendable (String) -> String?

    /// - Parameter caller: looks a variable up in the caller's environment.
    public init(_ rules: SecretRules, salt: [UInt8], caller: @escaping @Sendable (String) -> String?) {
        self.rules = rules
        self.salt = salt
        self.caller = caller
    }

    /// What stands for a secret value.
    private func digest(_ value: String) -> String {
        Self.isDigest(value) ? value : "sha256:" + saltedDigest(of: value, salt: salt).hex
    }

    private static func isDigest(_ value: String) -> Bool { value.utf8.count == 71 && value.hasPrefix("sha256:") }

    // MARK: - Texts

    /// A command, a command line or a remark, with digests for its secret parts.
    ///
    /// - Parameter secrets: values that are known to be secret.
    public func text(_ text: String, knowing secrets: [String] = []) -> String {
        var result = text
        for secret in secrets {
            for spelling in [
                secret, secret.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"),
            ]
            where !spelling.isEmpty {
                result = replacing(spelling, in: result, by: digest(secret))
            }
        }
        let found = rules.secrets(in: result.utf8)
        guard !found.isEmpty else { return result }
        return String(decoding: replacing(found, in: Array(result.utf8)), as: UTF8.self)
    }

    /// The same for the bytes of a patch.
    public func patch(_ bytes: [UInt8], knowing secrets: [String]) -> [UInt8] {
        var result = bytes
        for secret in secrets where secret.utf8.count >= 6 {
            result = Self.replacing(Array(secret.utf8), in: result, by: Array(digest(secret).utf8)) { _ in true }
        }
        return replacing(rules.secrets(in: result), in: result)
    }

    private func replacing(_ ranges: [Range<Int>], in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var end = 0
        for range in ranges {
            result += bytes[end..<range.lowerBound]
            result += Array(digest(String(decoding: bytes[range], as: UTF8.self)).utf8)
            end = range.upperBound
        }
        return result + bytes[end...]
    }

    /// Short values are replaced only where they stand alone.
    private func replacing(_ secret: String, in text: String, by digest: String) -> String {
        let (bytes, part) = (Array(text.utf8), Array(secret.utf8))
        func isWord(_ index: Int) -> Bool {
            guard bytes.indices.contains(index) else { return false }
            let byte = bytes[index]
            return (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
        }
        let replaced = Self.replacing(part, in: bytes, by: Array(digest.utf8)) { start in
            part.count >= 6 || !isWord(start - 1) && !isWord(start + part.count)
        }
        return String(decoding: replaced, as: UTF8.self)
    }

    private static func replacing(
        _ part: [UInt8], in bytes: [UInt8], by other: [UInt8], where applies: (Int) -> Bool
    ) -> [UInt8] {
        guard let first = part.first, part.count <= bytes.count else { return bytes }
        var result: [UInt8] = []
        var (index, copied) = (0, 0)
        while index + part.count <= bytes.count {
            if bytes[index] == first, bytes[index...].starts(with: part), applies(index) {
                result += bytes[copied..<index]
                result += other
                index += part.count
                copied = index
            } else {
                index += 1
            }
        }
        return copied == 0 ? bytes : result + bytes[copied...]
    }

    // MARK: - Params and variables

    public func params(_ params: [Param]) -> [Param] {
        params.map { param in
            let value = self.value(param.value, isSecret: { rules.isSecret(param: param.name) }, name: param.name)
            return value.map { Param(name: param.name, value: $0) } ?? param
        }
    }

    /// nil: as it is. Numbers and booleans are never secret.
    private func value(_ value: JSONValue, isSecret: () -> Bool, name: String) -> JSONValue? {
        switch value {
        case .null, .bool, .number: return nil
        case .string(let text):
            if rules.not.contains(name) { return nil }
            if isSecret() { return text.isEmpty ? nil : .string(digest(text)) }
            let shown = self.text(text)
            return shown == text ? nil : .string(shown)
        case .array, .object:
            if rules.not.contains(name) { return nil }
            let text = value.text
            if isSecret(), text.utf8.contains(UInt8(ascii: "\"")) { return .string(digest(text)) }
            let shown = replacingStrings(value)
            return shown == value ? nil : shown
        }
    }

    private func replacingStrings(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool, .number: value
        case .string(let text): .string(self.text(text))
        case .array(let elements): .array(elements.map(replacingStrings))
        case .object(let members):
            .object(
                members.map { member in
                    let shown = self.value(
                        member.value, isSecret: { rules.isSecret(param: member.name) }, name: member.name)
                    return JSONValue.Member(name: member.name, value: shown ?? member.value)
                })
        }
    }

    /// The variables that are part of a stage's key, sorted by name, as they are recorded.
    public func environment(of stage: Stage) -> [EnvironmentVariable] {
        guard !stage.environment.isEmpty || !stage.passedEnvironment.isEmpty else { return [] }
        let own = Set(stage.environment.map(\.name))
        let passed = stage.passedEnvironment.filter { !own.contains($0) }.map {
            EnvironmentVariable(name: $0, value: caller($0))
        }
        return (stage.environment + passed).sorted { $0.name < $1.name }.map(variable)
    }

    private func variable(_ variable: EnvironmentVariable) -> EnvironmentVariable {
        guard let value = variable.value, !value.isEmpty, !rules.not.contains(variable.name) else { return variable }
        let shown = rules.isSecret(variable: variable.name) ? digest(value) : text(value)
        return EnvironmentVariable(name: variable.name, value: shown)
    }

    // MARK: - Stages

    /// The stage as it is recorded and shown: without secrets in its command and its params.
    public func shown(_ stage: Stage) -> Stage {
        var shown = stage
        let secrets = self.secrets(of: stage)
        switch stage.command {
        case .argv(let words):
            let replaced = replacing(words, knowing: secrets)
            if replaced != words { shown.command = .argv(replaced) }
        case .shell(let command):
            let replaced = text(command, knowing: secrets)
            if replaced != command { shown.command = .shell(replaced) }
        }
        let params = self.params(stage.params)
        if params != stage.params { shown.params = params }
        return shown
    }

    /// An option and its value are two words.
    private func replacing(_ words: [String], knowing secrets: [String]) -> [String] {
        words.enumerated().map { index, word in
            guard index > 0, words[index - 1].hasPrefix("--"), !word.hasPrefix("-"), !word.isEmpty, Double(word) == nil,
                rules.isSecret(nameInText: String(words[index - 1].dropFirst(2)))
            else { return text(word, knowing: secrets) }
            return digest(word)
        }
    }

    /// Whether anything of the stage is not recorded as it is.
    public func hidesAnything(of stage: Stage) -> Bool {
        let shown = self.shown(stage)
        return shown.command != stage.command || shown.params != stage.params
            || stage.environment.contains { variable($0).value != $0.value }
    }

    /// The values that are secret by their names.
    public func secrets(of stage: Stage) -> [String] {
        secrets(ofParams: stage.params, environment: stage.environment)
    }

    private func secrets(ofParams params: [Param], environment: [EnvironmentVariable]) -> [String] {
        var secrets: [String] = []
        for param in params {
            guard case .string(let text) = param.value, !text.isEmpty, !Self.isDigest(text),
                rules.isSecret(param: param.name)
            else { continue }
            secrets.append(text)
        }
        for variable in environment {
            guard let value = variable.value, !value.isEmpty, !Self.isDigest(value),
                rules.isSecret(variable: variable.name)
            else { continue }
            secrets.append(value)
        }
        // A value that contains another one comes first.
        return secrets.count > 1 ? Set(secrets).sorted { ($1.utf8.count, $1) < ($0.utf8.count, $0) } : secrets
    }

    /// Those of all stages, the longest first.
    public func secrets(of graph: Graph) -> [String] {
        var secrets = Set<String>()
        for stage in graph.stages { secrets.formUnion(self.secrets(of: stage)) }
        return secrets.sorted { ($1.utf8.count, $1) < ($0.utf8.count, $0) }
    }

    /// What an earlier execution was recorded with, as it would be recorded by these rules.
    func details(_ then: ExecutionDetails, comparedWith now: [EnvironmentVariable]) -> ExecutionDetails {
        let present = Dictionary(now.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let environment = then.environment.map { old -> EnvironmentVariable in
            // Recorded as a secret by rules of an earlier version.
            if let text = old.value, Self.isDigest(text), let value = present[old.name] ?? nil, digest(value) == text {
                return EnvironmentVariable(name: old.name, value: value)
            }
            return variable(old)
        }
        let secrets = self.secrets(ofParams: then.params, environment: then.environment)
        return ExecutionDetails(
            command: text(then.command, knowing: secrets), workingDirectory: then.workingDirectory,
            environment: environment,
            params: params(then.params), inputs: then.inputs)
    }
}
