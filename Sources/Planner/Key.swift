// The key of a stage: a digest of everything that determines its result. Knows the canonical encoding; does not read
// files or variables.

import Model

import struct Crypto.SHA256

/// The version of the encoding. What was recorded with an earlier version is found by `EarlierKey`.
private let encodingVersion: UInt8 = 2

/// The part of the key that is known before any input is: command, folder, environment, params and output paths.
///
/// - Parameter environment: the result of `recordedEnvironment`.
public func baseKey(of stage: Stage, environment: [EnvironmentVariable]) -> Digest {
    var encoder = KeyEncoder()
    encoder.add(byte: encodingVersion)
    encoder.add(stage.keyForm?.command ?? stage.command, shell: stage.shell)
    encoder.add(stage.workingDirectory)
    encoder.add(stage.keyForm?.environment(asRecorded: environment, of: stage) ?? environment)
    encoder.add(count: stage.params.count)
    for param in stage.params {
        encoder.add(param.name)
        encoder.add(param.value.canonicalText)
    }
    encoder.add(pathsOf: stage.outputs)
    return encoder.digest
}

extension KeyForm {
    /// The variables in the form of the key. Where the recorded value is another than the stage's, because it is a
    /// secret, that stays.
    fileprivate func environment(
        asRecorded recorded: [EnvironmentVariable], of stage: Stage
    ) -> [EnvironmentVariable] {
        recorded.map { variable in
            guard let place = stage.environment.firstIndex(of: variable), place < environment.count else {
                return variable
            }
            return environment[place]
        }
    }
}

/// The whole key: the base key and the fingerprints of all inputs.
public func key(base: Digest, inputs: [RecordedPath]) -> Digest {
    var encoder = KeyEncoder()
    encoder.add(base)
    // The same path under two names is one input.
    var entries: [(path: String, fingerprint: Fingerprint)] = inputs.map { ($0.path, $0.fingerprint) }
    entries.sort { $0.path < $1.path }
    var previous: String?
    for entry in entries where entry.path != previous {
        encoder.add(entry.path)
        encoder.add(byte: entry.fingerprint.kind.encoding)
        encoder.add(entry.fingerprint.digest)
        previous = entry.path
    }
    return encoder.digest
}

/// The variables as they enter the key, sorted by name: the stage's own and those passed by the caller. Which of them
/// enter as salted digests is decided by the rule of version 0.1, so that keys stay; `Redaction` decides what is recorded.
///
/// - Parameter caller: looks a variable up in the caller's environment.
public func recordedEnvironment(
    of stage: Stage, salt: [UInt8], caller: (String) -> String?
) -> [EnvironmentVariable] {
    guard !stage.environment.isEmpty || !stage.passedEnvironment.isEmpty else { return [] }
    let own = Set(stage.environment.map(\.name))
    let passed = stage.passedEnvironment.filter { !own.contains($0) }.map {
        EnvironmentVariable(name: $0, value: caller($0))
    }
    return (stage.environment + passed).sorted { $0.name < $1.name }.map { variable in
        guard let value = variable.value, looksSecret(variable.name) else { return variable }
        return EnvironmentVariable(name: variable.name, value: "sha256:" + saltedDigest(of: value, salt: salt).hex)
    }
}

/// Whether a variable of that name enters the key as a salted digest.
private func looksSecret(_ name: String) -> Bool {
    let upper = name.uppercased()
    return ["KEY", "TOKEN", "SECRET", "PASSWORD"].contains { upper.contains($0) }
}

/// Replaces a value that may be a secret.
public func saltedDigest(of value: String, salt: [UInt8]) -> Digest {
    var encoder = KeyEncoder()
    encoder.add(bytes: salt)
    encoder.add(value)
    return encoder.digest
}

/// Feeds SHA-256 with length-prefixed fields, so that no two lists of fields encode alike.
struct KeyEncoder {
    private var buffer: [UInt8] = []

    init() { buffer.reserveCapacity(512) }

    mutating func add(byte: UInt8) { buffer.append(byte) }

    mutating func add(count: Int) {
        withUnsafeBytes(of: UInt64(count).littleEndian) { buffer.append(contentsOf: $0) }
    }

    mutating func add(bytes: [UInt8]) {
        add(count: bytes.count)
        buffer.append(contentsOf: bytes)
    }

    mutating func add(_ text: String) {
        add(count: text.utf8.count)
        buffer.append(contentsOf: text.utf8)
    }

    mutating func add(_ text: String?) {
        add(byte: text == nil ? 0 : 1)
        if let text { add(text) }
    }

    mutating func add(_ command: Command, shell: Shell?) {
        switch command {
        case .argv(let words):
            add(byte: 0)
            add(words)
        case .shell(let text):
            add(byte: shell == nil ? 1 : 2)
            if let shell { add(shell.words) }
            add(text)
        }
    }

    mutating func add(_ words: [String]) {
        add(count: words.count)
        for word in words { add(word) }
    }

    mutating func add(_ variables: [EnvironmentVariable]) {
        add(count: variables.count)
        for variable in variables {
            add(variable.name)
            add(variable.value)
        }
    }

    mutating func add(pathsOf outputs: [Output]) {
        let paths = outputs.map(\.path).sorted()
        add(count: paths.count)
        for path in paths { add(path) }
    }

    mutating func add(_ digest: Digest) { buffer.append(contentsOf: digest.bytes) }

    var digest: Digest {
        guard let result = Digest(bytes: SHA256.hash(data: buffer)) else { preconditionFailure("SHA-256 has 32 bytes") }
        return result
    }
}

extension DigestKind {
    fileprivate var encoding: UInt8 {
        switch self {
        case .content: 0
        case .tree: 1
        case .metadata: 2
        }
    }
}
