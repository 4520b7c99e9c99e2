// The base key as version 0.1 encoded it, so that its results stay fresh. Knows that encoding; new executions are
// recorded with `baseKey`.

import Model

/// The base key of a stage in encoding 1: the command as it is written, params by their names at the top, numbers as
/// doubles.
///
/// - Returns: nil if that encoding could not distinguish the stage's params from others (numbers that a double does not
///   hold exactly), or if the stage names a shell other than `sh`.
public func earlierBaseKey(of stage: Stage, environment: [EnvironmentVariable]) -> Digest? {
    var params = stage.params
    if case .object(let members)? = stage.nestedParams {
        params = members.map { Param(name: $0.name, value: $0.value) }.sorted { $0.name < $1.name }
    }
    guard params.allSatisfy({ isExact($0.value) }) else { return nil }
    // All command strings were run by /bin/sh.
    if let shell = stage.shell, !["sh", "/bin/sh"].contains(shell.words[0]) { return nil }
    var encoder = KeyEncoder()
    encoder.add(byte: 1)
    encoder.add(stage.command, shell: nil)
    encoder.add(stage.workingDirectory)
    encoder.add(environment)
    encoder.add(count: params.count)
    for param in params {
        encoder.add(param.name)
        encoder.add(withEarlierNumbers(param.value).text)
    }
    encoder.add(pathsOf: stage.outputs)
    return encoder.digest
}

/// Whether a key is that of the stage in encoding 1.
public func isEarlierKey(
    _ recorded: Digest, of stage: Stage, environment: [EnvironmentVariable], inputs: [RecordedPath]
) -> Bool {
    earlierBaseKey(of: stage, environment: environment).map { key(base: $0, inputs: inputs) } == recorded
}

/// Whether encoding 1 distinguished the value's numbers from all others: integers of 64 bits were compared as such, all else as
/// doubles, which keep 15 digits.
private func isExact(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool, .string: true
    case .number(let spelled):
        // What is too small for a double was taken for 0.
        Int64(spelled) != nil
            || DecimalNumber(spelled).map {
                !$0.needsMoreThanADouble && ($0.isZero || Double(spelled)?.isNormal == true)
            }
                == true
    case .array(let elements): elements.allSatisfy(isExact)
    case .object(let members): members.allSatisfy { isExact($0.value) }
    }
}

private func withEarlierNumbers(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null, .bool, .string: value
    case .number(let spelled): .number(earlierText(ofNumber: spelled))
    case .array(let elements): .array(elements.map(withEarlierNumbers))
    case .object(let members):
        .object(
            members.map { JSONValue.Member(name: $0.name, value: withEarlierNumbers($0.value)) }
                .sorted { $0.name < $1.name })
    }
}

private func earlierText(ofNumber spelled: String) -> String {
    if let integer = Int64(spelled) { return String(integer) }
    guard let value = Double(spelled), value.isFinite else { return spelled }
    if let integer = Int64(exactly: value), abs(integer) < 1 << 53 { return String(integer) }
    return "\(value)"
}
