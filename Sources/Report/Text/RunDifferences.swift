// What differs between two runs, stage by stage. Knows what is compared and how it is printed; the facts come from the
// store. Pure.
import Model

/// One difference.
public struct RunDifference: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        // Of the runs themselves.
        case pipeline, commit, uncommitted, host
        // Of a stage's executions.
        case state, command, param, env, input, output, metric, wall, cpu, memory, gpu
    }
    /// nil: of the runs themselves.
    public let stage: String?
    public let kind: Kind
    /// The param, variable, path or metric; nil for other kinds.
    public let name: String?
    /// Seconds, bytes, SHA-256 digests, texts or params; null: missing.
    public let first: JSONValue
    public let second: JSONValue
}

/// All differences, in the order of the second run's stages, followed by stages that only the first has. Stages with
/// the same execution do not differ.
public func differences(between first: RunFacts, and second: RunFacts) -> [RunDifference] {
    var result: [RunDifference] = []
    func compare(_ kind: RunDifference.Kind, _ old: JSONValue, _ new: JSONValue) {
        if old != new { result.append(RunDifference(stage: nil, kind: kind, name: nil, first: old, second: new)) }
    }
    compare(.pipeline, .string(first.pipeline), .string(second.pipeline))
    compare(.commit, json(first.gitCommit), json(second.gitCommit))
    compare(.uncommitted, json(first.hasUncommittedChanges), json(second.hasUncommittedChanges))
    compare(.host, .string(first.host), .string(second.host))

    let old = Dictionary(first.stages.map { ($0.stage, $0) }) { $1 }
    let new = Set(second.stages.map(\.stage))
    for stage in second.stages { result += differences(ofStage: stage.stage, old[stage.stage], stage) }
    for stage in first.stages where !new.contains(stage.stage) {
        result += differences(ofStage: stage.stage, stage, nil)
    }
    return result
}

private func differences(ofStage name: String, _ first: StageOfRun?, _ second: StageOfRun?) -> [RunDifference] {
    let ids = (first?.decision.executionID, second?.decision.executionID)
    if let id = ids.0, id == ids.1 { return [] }
    var result: [RunDifference] = []
    func compare(_ kind: RunDifference.Kind, _ name: String? = nil, _ old: JSONValue, _ new: JSONValue) {
        if old != new { result.append(RunDifference(stage: stage, kind: kind, name: name, first: old, second: new)) }
    }
    let stage = name
    compare(.state, nil, json(stateWord(first)), json(stateWord(second)))
    guard let old = first?.execution, let new = second?.execution else { return result }
    compare(.command, nil, .string(old.command), .string(new.command))
    func compareAll(_ kind: RunDifference.Kind, _ old: [(String, JSONValue)], _ new: [(String, JSONValue)]) {
        let (before, after) = (Dictionary(old) { $1 }, Dictionary(new) { $1 })
        for name in Set(before.keys).union(after.keys).sorted() {
            compare(kind, name, before[name] ?? .null, after[name] ?? .null)
        }
    }
    compareAll(.param, old.params.map { ($0.name, $0.value) }, new.params.map { ($0.name, $0.value) })
    compareAll(
        .env, old.environment.map { ($0.name, json($0.value)) }, new.environment.map { ($0.name, json($0.value)) })
    compareAll(.input, old.inputs.map { ($0.path, digest($0)) }, new.inputs.map { ($0.path, digest($0)) })
    compareAll(.output, old.outputs.map { ($0.path, digest($0)) }, new.outputs.map { ($0.path, digest($0)) })
    compareAll(.metric, old.metrics.map { ($0.name, $0.value) }, new.metrics.map { ($0.name, $0.value) })
    compare(.wall, nil, json(old.wallSeconds), json(new.wallSeconds))
    compare(.cpu, nil, json(old.cpuSeconds), json(new.cpuSeconds))
    compare(.memory, nil, json(old.maxRSSBytes), json(new.maxRSSBytes))
    compare(.gpu, nil, json(old.gpuPeakBytes), json(new.gpuPeakBytes))
    return result
}

/// How the stage's execution ended, or the verdict if it has none.
private func stateWord(_ stage: StageOfRun?) -> String? {
    stage.map { $0.execution?.state.rawValue ?? $0.decision.verdict.rawValue }
}

private func digest(_ path: RecordedPath) -> JSONValue { .string(path.fingerprint.digest.hex) }

// MARK: - As text

/// The differences as a table for a terminal, without figures that look equal when rounded. A sentence if nothing
/// differs.
///
/// - Parameter width: columns that the table must fit; nil: no limit.
public func differencesText(between first: RunFacts, and second: RunFacts, width: Int?) -> String {
    let rows = differences(between: first, and: second).compactMap(row)
    guard !rows.isEmpty else {
        return "runs \(first.id) and \(second.id) do not differ: same params, inputs, outputs and metrics\n"
    }
    var writer = TableWriter(
        format: .box, columns: ["stage", "what", "run \(first.id)", "run \(second.id)", "change"], width: width,
        roles: TableRoles(rightAligned: [4], names: [0, 1], answers: [2, 3], compared: (2, 3)))
    for row in rows { _ = writer.add(row: row.map { .text($0) }) }
    return writer.finish()
}

private func row(_ difference: RunDifference) -> [String]? {
    let old = shown(difference.first, difference.kind)
    let new = shown(difference.second, difference.kind)
    guard old != new || !isFigure(difference.kind) else { return nil }
    let what = difference.kind.rawValue + (difference.name.map { " \($0)" } ?? "")
    let (before, after) = difference.kind == .command ? withoutCommonStart(old, new) : (old, new)
    return [difference.stage ?? "(run)", what, before, after, change(difference)]
}

private func isFigure(_ kind: RunDifference.Kind) -> Bool { [.wall, .cpu, .memory, .gpu].contains(kind) }

private func shown(_ value: JSONValue, _ kind: RunDifference.Kind) -> String {
    if value == .null { return "–" }
    switch kind {
    case .wall, .cpu: return value.doubleValue.map { durationText($0) } ?? ""
    case .memory, .gpu: return value.doubleValue.map { byteText(Int64($0)) } ?? ""
    case .input, .output:
        guard case .string(let hex) = value, let digest = Digest(hex: hex) else { return valueText(value) }
        return digestText(digest)
    case .commit:
        guard case .string(let commit) = value else { return valueText(value) }
        return String(sanitized(commit).prefix(12))
    default: return valueText(value)
    }
}

/// Two commands from a few characters before their first difference.
private func withoutCommonStart(_ first: String, _ second: String) -> (String, String) {
    let common = zip(first, second).prefix { $0 == $1 }.count
    let start = max(0, common - 12)
    func cut(_ text: String) -> String { (start > 0 ? "…" : "") + truncated(String(text.dropFirst(start)), to: 40) }
    return (cut(first), cut(second))
}

/// `+0.05` for metrics and params, `+12 %` for figures; empty if a value is not a number.
private func change(_ difference: RunDifference) -> String {
    guard let old = difference.first.doubleValue, let new = difference.second.doubleValue, old != new else { return "" }
    guard isFigure(difference.kind) else {
        let delta = valueText(.double(new - old))
        return [.metric, .param].contains(difference.kind) ? (new > old ? "+" : "") + delta : ""
    }
    guard old > 0, (new - old) / old < 1e6 else { return "" }
    let percent = Int(((new - old) / old * 100).rounded())
    return (percent > 0 ? "+" : "") + "\(percent) %"
}

// MARK: - As JSON

/// One object: both runs, without their stages, and all differences.
public func differencesJSON(between first: RunFacts, and second: RunFacts) -> JSONValue {
    let all = differences(between: first, and: second).map { difference in
        JSONValue.object(
            members([
                ("stage", json(difference.stage)), ("what", .string(difference.kind.rawValue)),
                ("name", json(difference.name)),
                ("a", difference.first), ("b", difference.second),
            ]))
    }
    return .object([
        .init(name: "a", value: .object(headMembers(first))), .init(name: "b", value: .object(headMembers(second))),
        .init(name: "differences", value: .array(all)),
    ])
}
