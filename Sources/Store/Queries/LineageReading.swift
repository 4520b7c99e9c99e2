// Follows a content through the store: to the execution that made it, to what that execution read, and so on; and to
// the executions that read it. By digest, whatever the path. Breadth first and without recursion, since a chain may be
// as long as the history. Does not know files.

import Model
import RunsSQL

/// How much of a lineage is followed. A longer one is marked as cut off.
public struct LineageLimits: Sendable {
    /// Executions in each direction.
    public var executions = 20_000
    /// Executions that read or made one content; the newest are used.
    public var linksOfOne = 1_000

    public init() {}
}

extension Store {
    /// If the content was made or read at the given path, only that path counts: trivial contents exist at many paths.
    /// Otherwise the file is a copy, and every path counts, except for digests of sizes and times, which many files
    /// share.
    ///
    /// - Parameter path: relative to the folder of `.runs`.
    public func lineage(
        of fingerprint: Fingerprint, at path: String, limits: LineageLimits = LineageLimits()
    ) throws(Failure) -> Lineage {
        var lineage = Lineage(fingerprint: fingerprint)
        var made = try links(SQL.makersOfDigest, of: fingerprint, at: path, limits)
        var read = try links(SQL.readersOfDigest, of: fingerprint, at: path, limits)
        if fingerprint.kind == .metadata {
            lineage.paths = unique((made + read).map(\.path))
        } else {
            let madeAnywhere = try links(SQL.makersOfDigest, of: fingerprint, at: nil, limits)
            let readAnywhere = try links(SQL.readersOfDigest, of: fingerprint, at: nil, limits)
            lineage.paths = unique((made + read + madeAnywhere + readAnywhere).map(\.path))
            if made.isEmpty, read.isEmpty { read = readAnywhere }
            // A file that is read here may have been made elsewhere and copied.
            if made.isEmpty { made = madeAnywhere }
        }
        lineage.isCutOff = made.count > limits.linksOfOne || read.count > limits.linksOfOne
        lineage.makers = unique(made.map(\.execution)).prefix(limits.linksOfOne).map(\.self)
        var readers = read.map(\.execution)
        if let maker = lineage.makers.first {
            readers += try connection.statement(SQL.readersWithin).all([
                ("execution_id", maker.value), ("limit", limits.linksOfOne),
            ]) { ExecutionID($0.integer(0)) }
        }
        lineage.readers = unique(readers).prefix(limits.linksOfOne).map(\.self)
        if let maker = lineage.makers.first { try follow(upstreamFrom: maker, limits, into: &lineage) }
        try follow(downstreamFrom: lineage.readers, limits, into: &lineage)
        return lineage
    }

    /// Whether executions made or read anything of that kind and size.
    public func holds(_ kind: DigestKind, sizeBytes: Int64) throws(Failure) -> Bool {
        try connection.statement(SQL.holdsSize).first([("size_bytes", sizeBytes), ("digest_kind", kind.rawValue)]) {
            _ in true
        } ?? false
    }

    private func links(
        _ statement: Statement, of fingerprint: Fingerprint, at path: String?, _ limits: LineageLimits
    ) throws(Failure) -> [(execution: ExecutionID, path: String)] {
        try connection.statement(statement).all([
            ("sha256", fingerprint.digest), ("digest_kind", fingerprint.kind.rawValue), ("path", path),
            ("limit", limits.linksOfOne + 1),
        ]) { (ExecutionID($0.integer(0)), $0.text(1)) }
    }

    private func follow(
        upstreamFrom maker: ExecutionID, _ limits: LineageLimits, into lineage: inout Lineage
    ) throws(Failure) {
        var seen: Set<ExecutionID> = [maker]
        lineage.upstream = [maker]
        var next = 0
        while next < lineage.upstream.count {
            let id = lineage.upstream[next]
            next += 1
            guard try add(id, to: &lineage) else { continue }
            for input in lineage.nodes[id]?.inputs ?? [] {
                guard let maker = input.maker, !seen.contains(maker) else { continue }
                guard lineage.upstream.count < limits.executions else {
                    lineage.isCutOff = true
                    continue
                }
                seen.insert(maker)
                lineage.upstream.append(maker)
            }
        }
    }

    private func follow(
        downstreamFrom readers: [ExecutionID], _ limits: LineageLimits, into lineage: inout Lineage
    ) throws(Failure) {
        var seen = Set(readers)
        lineage.downstream = readers
        var next = 0
        while next < lineage.downstream.count {
            let id = lineage.downstream[next]
            next += 1
            guard try add(id, to: &lineage) else { continue }
            var readers = try connection.statement(SQL.readersOfOutputs).all([
                ("execution_id", id.value), ("limit", limits.linksOfOne + 1),
            ]) { ExecutionID($0.integer(0)) }
            if readers.count > limits.linksOfOne {
                lineage.isCutOff = true
                readers.removeLast()
            }
            lineage.nodes[id]?.readers = readers
            for reader in readers where !seen.contains(reader) {
                guard lineage.downstream.count < limits.executions else {
                    lineage.isCutOff = true
                    break
                }
                seen.insert(reader)
                lineage.downstream.append(reader)
            }
        }
    }

    /// Reads the execution unless it was read; false if it does not exist.
    private func add(_ id: ExecutionID, to lineage: inout Lineage) throws(Failure) -> Bool {
        if lineage.nodes[id] != nil { return true }
        guard let facts = try executions([id], inDetail: false)[id] else { return false }
        var node = Lineage.Node(execution: facts)
        node.inputs = try connection.statement(SQL.inputsWithMakers).all([("execution_id", id.value)]) {
            row throws(Failure) in
            Lineage.Input(
                read: try recordedPath(row, from: 0), maker: row.isNull(5) ? nil : ExecutionID(row.integer(5)))
        }
        node.outputs = try outputs(of: id)
        lineage.nodes[id] = node
        return true
    }

    private func unique<T: Hashable>(_ values: [T]) -> [T] {
        var seen: Set<T> = []
        return values.filter { seen.insert($0).inserted }
    }
}
