// The key of a stage: a digest of everything that determines its result. Knows the canonical encoding; does not read
// files or variables.

import Model

import struct Crypto.SHA256

/// The version of the encoding. A new version changes every key, so that every stage runs again once.
private let encodingVersion: UInt8 = 1

/// The part of the key that is known before any input is: command, folder, environment, params and output paths.
///
/// - Parameter environment: the result of `recordedEnvironment`.
public func baseKey(of stage: Stage, environment: [EnvironmentVariable]) -> Digest {
    var encoder = KeyEncoder()
    encoder.add(byte: encodingVersion)
    switch stage.command {
    case .argv(let words):
        encoder.add(byte: 0)
        encoder.add(count: words.count)
        for word in words { encoder.add(word) }
    case .shell(let text):
        if let shell = stage.shell {
            encoder.add(byte: 2)
            encoder.add(count: shell.words.count)
            for word in shell.words { encoder.add(word) }
        } else {
            encoder.add(byte: 1)
        }
        encoder.add(text)
    }
    encoder.add(stage.workingDirectory)
    encoder.add(count: environment.count)
    for variable in environment {
        encoder.add(variable.name)
        encoder.add(variable.value)
    }
    encoder.add(count: stage.params.count)
    for param in stage.params {
        encoder.add(param.name)
        encoder.add(param.value.canonicalText)
    }
    let paths = stage.outputs.map(\.path).sorted()
    encoder.add(count: paths.count)
    for path in paths { encoder.add(path) }
    return encoder.digest
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

/// The variables that are part of a stage's key, as recorded and sorted by name: the stage's own and those passed by
/// the caller, with secrets replaced by salted digests.
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

/// Whether a variable of that name is treated as a secret. Values of secrets are never stored.
public func looksSecret(_ name: String) -> Bool {
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
private struct KeyEncoder {
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
