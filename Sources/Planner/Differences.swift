// Compares a stage with an earlier execution and lists the differences as reasons. Knows both descriptions; does not
// know whether they matter.

import Model

/// The differences in what determines a stage's result.
func differences(
    _ stage: Stage, facts: StageFacts, then: ExecutionDetails, thenOutputs: [RecordedPath]
) -> [Reason] {
    // Params come first: a changed param usually changes the command too, and is more informative.
    var reasons: [Reason] = []
    reasons += changes(
        .paramChanged, then: then.params.map { ($0.name, withCanonicalNumbers($0.value.text)) },
        now: stage.params.map { ($0.name, $0.value.canonicalText) })
    reasons += changes(
        .envChanged, then: then.environment.map { ($0.name, $0.value) },
        now: facts.environment.map { ($0.name, $0.value) })
    reasons += inputDifferences(facts: facts, then: then.inputs)
    let command = stage.commandText
    if command != then.command { reasons.append(Reason(.commandChanged, old: then.command, new: command)) }
    if stage.workingDirectory != then.workingDirectory {
        reasons.append(
            Reason(
                .commandChanged, subject: "workdir", old: then.workingDirectory ?? ".",
                new: stage.workingDirectory ?? "."))
    }
    let declared = stage.outputs.map(\.path).sorted()
    let before = thenOutputs.map(\.path).sorted()
    if declared != before {
        let added = Set(declared).subtracting(before)
        let removed = Set(before).subtracting(declared)
        reasons += removed.sorted().map { Reason(.outputsChanged, subject: $0, old: $0) }
        reasons += added.sorted().map { Reason(.outputsChanged, subject: $0, new: $0) }
    }
    return reasons
}

/// Declared outputs that are missing or differ from those of the execution.
func outputDifferences(_ stage: Stage, facts: StageFacts, then: [RecordedPath]) -> [Reason] {
    var then = RecordedPaths(then)
    return zip(stage.outputs, facts.outputs).compactMap { output, found in
        let recorded = then.at(output.path)?.fingerprint
        guard let found else {
            return Reason(.outputMissing, subject: output.path, old: recorded?.digest.hex)
        }
        guard let recorded, recorded != found else { return nil }
        return Reason(.outputModified, subject: output.path, old: recorded.digest.hex, new: found.digest.hex)
    }
}

private func inputDifferences(facts: StageFacts, then: [RecordedPath]) -> [Reason] {
    let before = Dictionary(then.map { ($0.path, $0.fingerprint) }, uniquingKeysWith: { first, _ in first })
    var reasons: [Reason] = []
    var seen = Set(facts.undecidedInputs.compactMap(\.path))
    for input in facts.inputs where seen.insert(input.path).inserted {
        if let old = before[input.path] {
            guard old != input.fingerprint else { continue }
            reasons.append(
                Reason(.inputChanged, subject: input.path, old: old.digest.hex, new: input.fingerprint.digest.hex))
        } else {
            reasons.append(Reason(.inputAdded, subject: input.path, new: input.fingerprint.digest.hex))
        }
    }
    // While a pattern is undecided, a path that seems removed may reappear.
    guard !facts.undecidedInputs.contains(where: { $0.path == nil }) else { return reasons }
    for path in before.keys.sorted() where !seen.contains(path) {
        reasons.append(Reason(.inputRemoved, subject: path, old: before[path]?.digest.hex))
    }
    return reasons
}

private func changes(_ code: Reason.Code, then: [(String, String?)], now: [(String, String?)]) -> [Reason] {
    let before = Dictionary(then, uniquingKeysWith: { first, _ in first })
    let after = Dictionary(now, uniquingKeysWith: { first, _ in first })
    return Set(before.keys).union(after.keys).sorted().compactMap { name in
        let old = before[name]
        let new = after[name]
        guard old != new || (old == nil) != (new == nil) else { return nil }
        return Reason(code, subject: name, old: old ?? nil, new: new ?? nil)
    }
}
