// A lineage as a tree for a terminal, and as a flat list of executions in JSON. Knows layout and limits; the store
// follows the executions.
import Model

/// How much of a tree is printed; JSON has everything.
private let most = (depth: 12, lines: 100, params: 12)

/// The tree upstream (which execution made it, from what) and downstream (which read it, and what they made).
///
/// - Parameter path: as given by the user, or relative to the project.
public func lineageText(_ lineage: Lineage, path: String) -> String {
    var text = "\(sanitized(path)): \(byteText(lineage.fingerprint.sizeBytes)), \(kindText(lineage.fingerprint.kind)) "
    text += "\(digestText(lineage.fingerprint.digest))\n"
    let elsewhere = lineage.paths.filter { $0 != path }
    if let first = elsewhere.first {
        let more = elsewhere.count > 1 ? " and \(elsewhere.count - 1) more" : ""
        let isInPlace = lineage.paths.contains(path)
        text += (isInPlace ? "also recorded as " : "same contents as ") + sanitized(first) + more + "\n"
    }
    if let id = lineage.makers.first, let maker = lineage.nodes[id] {
        let others = lineage.makers.count - 1
        text += "made by \(described(maker, withTime: true))"
        text += others > 0 ? ", and by \(countText(others, "other execution"))\n" : "\n"
        let params = valuesText(maker.execution.params.map { ($0.name, $0.value) }, limit: most.params)
        if !params.isEmpty { text += "with \(params)\n" }
        var tree = Tree(seen: [id])
        tree.add(inputsOf: maker, in: lineage)
        text += tree.text
    } else {
        text += "source: not made by any execution\n"
    }
    text += lineage.readers.isEmpty ? "not read by any execution\n" : "read by\n"
    var tree = Tree(seen: [])
    tree.add(readers: lineage.readers, in: lineage)
    text += tree.text
    if lineage.isCutOff { text += "… truncated: only the newest executions are shown\n" }
    return text
}

/// The lines of a tree within the limits, which also bound the recursion.
private struct Tree {
    private(set) var text = ""
    private var lines = 0
    private var isFull = false
    private var seen: Set<ExecutionID>

    init(seen: Set<ExecutionID>) { self.seen = seen }

    mutating func add(inputsOf node: Lineage.Node, in lineage: Lineage, prefix: String = "", depth: Int = 1) {
        for (index, input) in node.inputs.enumerated() {
            let isLast = index == node.inputs.count - 1
            let path = sanitized(input.read.path)
            guard let id = input.maker, let maker = lineage.nodes[id] else {
                guard add(line: path, prefix, isLast) else { return }
                continue
            }
            let isNew = seen.insert(id).inserted
            let isDeep = depth == most.depth && maker.inputs.contains { $0.maker != nil }
            let more = !isNew ? maker.inputs.isEmpty ? "" : ", as above" : isDeep ? ", and more before it" : ""
            guard add(line: "\(path) ← \(described(maker))\(more)", prefix, isLast) else { return }
            guard isNew, depth < most.depth else { continue }
            add(inputsOf: maker, in: lineage, prefix: prefix + (isLast ? "   " : "│  "), depth: depth + 1)
        }
    }

    /// If several executions of a stage read the file, only the newest is shown.
    mutating func add(readers: [ExecutionID], in lineage: Lineage, prefix: String = "", depth: Int = 1) {
        let nodes = readers.compactMap { lineage.nodes[$0] }
        let byStage = Dictionary(grouping: nodes) { $0.execution.stage }
        var stages: Set<String> = []
        let newest = nodes.filter { stages.insert($0.execution.stage).inserted }
        for (index, node) in newest.enumerated() {
            let isLast = index == newest.count - 1
            let earlier = (byStage[node.execution.stage]?.count ?? 1) - 1
            var line = described(node)
            if !node.outputs.isEmpty { line += " → \(outputsText(node.outputs))" }
            if earlier > 0 { line += ", and \(countText(earlier, "earlier execution"))" }
            let isNew = seen.insert(node.execution.id).inserted
            if !node.readers.isEmpty, !isNew { line += ", as above" }
            if !node.readers.isEmpty, isNew, depth == most.depth { line += ", and more after it" }
            guard add(line: line, prefix, isLast) else { return }
            guard isNew, depth < most.depth else { continue }
            add(readers: node.readers, in: lineage, prefix: prefix + (isLast ? "   " : "│  "), depth: depth + 1)
        }
    }

    /// false if the tree is full.
    private mutating func add(line: String, _ prefix: String, _ isLast: Bool) -> Bool {
        guard lines < most.lines else {
            if !isFull { text += "… truncated after \(most.lines) lines (use --format json to print all)\n" }
            isFull = true
            return false
        }
        lines += 1
        text += "\(prefix)\(isLast ? "└─ " : "├─ ")\(line)\n"
        return true
    }
}

private func described(_ node: Lineage.Node, withTime: Bool = false) -> String {
    let execution = node.execution
    var text = "\(sanitized(execution.stage)) (execution \(execution.id) of run \(execution.runID)"
    if withTime, let start = execution.startedAt { text += ", \(timeText(start)) UTC" }
    if execution.state != .succeeded { text += ", \(execution.state.rawValue)" }
    if execution.isRejected { text += ", rejected" }
    return text + ")"
}

private func outputsText(_ outputs: [RecordedPath]) -> String {
    let shown = outputs.prefix(3).map { sanitized($0.path) }.joined(separator: ", ")
    return outputs.count > 3 ? shown + " and \(outputs.count - 3) more" : shown
}

private func kindText(_ kind: DigestKind) -> String {
    switch kind {
    case .content: "sha256"
    case .tree: "folder"
    case .metadata: "sizes and times"
    }
}

/// One object: the file, and every execution in its lineage. `made_by` and `read_by` are execution numbers.
public func lineageJSON(_ lineage: Lineage, path: String) -> JSONValue {
    let upstream = lineage.upstream.map { executionJSON($0, "upstream", in: lineage) }
    let downstream = lineage.downstream.map { executionJSON($0, "downstream", in: lineage) }
    return .object(
        members([
            ("path", .string(path)), ("digest_kind", .string(lineage.fingerprint.kind.rawValue)),
            ("sha256", .string(lineage.fingerprint.digest.hex)),
            ("size_bytes", .integer(lineage.fingerprint.sizeBytes)),
            ("recorded_paths", .array(lineage.paths.map { .string($0) })), ("made_by", numbers(lineage.makers)),
            ("read_by", numbers(lineage.readers)), ("executions", .array((upstream + downstream).compactMap(\.self))),
            ("is_cut_off", .bool(lineage.isCutOff)),
        ]))
}

private func executionJSON(_ id: ExecutionID, _ direction: String, in lineage: Lineage) -> JSONValue? {
    guard let node = lineage.nodes[id] else { return nil }
    let inputs = node.inputs.map { input in
        JSONValue.object(
            pathMembers(input.read) + members([("made_by", input.maker.map { .integer($0.value) } ?? .null)]))
    }
    return .object(
        members([
            ("execution_id", .integer(id.value)), ("direction", .string(direction)),
            ("run_id", .integer(node.execution.runID.value)), ("stage", .string(node.execution.stage)),
            ("state", .string(node.execution.state.rawValue)), ("rejected", .bool(node.execution.isRejected)),
            ("started_at", json(node.execution.startedAt)), ("params", paramsJSON(node.execution.params)),
            ("inputs", .array(inputs)), ("outputs", .array(node.outputs.map { .object(pathMembers($0)) })),
            ("read_by", direction == "downstream" ? numbers(node.readers) : .null),
        ]))
}

private func pathMembers(_ path: RecordedPath) -> [JSONValue.Member] {
    members([
        ("path", .string(path.path)), ("digest_kind", .string(path.fingerprint.kind.rawValue)),
        ("sha256", .string(path.fingerprint.digest.hex)), ("size_bytes", .integer(path.fingerprint.sizeBytes)),
    ])
}

private func numbers(_ ids: [ExecutionID]) -> JSONValue { .array(ids.map { .integer($0.value) }) }
