// Sets of discovered inputs: what many executions read is recorded once. Does not know how it was found out.

import Model
import RunsSQL

import struct Crypto.SHA256

extension Store {
    /// Records what an execution read without naming it.
    ///
    /// - Parameter members: each path once.
    /// - Returns: the set, which other executions share.
    public func recordDiscovered(
        _ members: [RecordedPath], of execution: ExecutionID
    ) throws(Failure) -> DiscoveredSetID {
        try inTransaction { () throws(Failure) in
            var artifacts: [Int64] = []
            for member in members { artifacts.append(try artifactID(member)) }
            let set = try discoveredSetID(artifacts.sorted())
            try connection.statement(SQL.setDiscovered).run([
                ("execution_id", execution.value), ("discovered_set_id", set),
            ])
            return DiscoveredSetID(set)
        }
    }

    private func discoveredSetID(_ artifacts: [Int64]) throws(Failure) -> Int64 {
        let text = artifacts.map(String.init).joined(separator: ",")
        guard let digest = Digest(bytes: SHA256.hash(data: Array(text.utf8))) else {
            preconditionFailure("SHA-256 has 32 bytes")
        }
        if let known = try connection.statement(SQL.findDiscoveredSet).first([("digest", digest)], { $0.integer(0) }) {
            return known
        }
        try connection.statement(SQL.insertDiscoveredSet).run([("digest", digest)])
        let set = connection.lastInsertedRow
        for artifact in artifacts {
            try connection.statement(SQL.insertDiscoveredInput).run([
                ("discovered_set_id", set), ("artifact_id", artifact),
            ])
        }
        return set
    }

    /// The members of a set, sorted by path.
    public func discovered(_ set: DiscoveredSetID) throws(Failure) -> [RecordedPath] {
        try discovered(SQL.discoveredInputs, [("discovered_set_id", set.value)])
    }

    func discovered(of execution: ExecutionID) throws(Failure) -> [RecordedPath] {
        try discovered(SQL.discoveredInputsOfExecution, [("execution_id", execution.value)])
    }

    private func discovered(
        _ statement: Statement, _ bindings: [(String, Bindable?)]
    ) throws(Failure) -> [RecordedPath] {
        try connection.statement(statement).all(bindings) { row throws(Failure) in
            RecordedPath(discovered: row.text(0), fingerprint: try fingerprint(row, from: 1))
        }
    }

    /// The paths that the current and the newest executions of some stages read without naming them.
    public func discoveredPaths(pipeline: String, of stages: [String]) throws(Failure) -> [String] {
        var numbers: [JSONValue] = []
        for stage in stages {
            if let number = try existingStage(stage, pipeline: pipeline) { numbers.append(.integer(number)) }
        }
        return try connection.statement(SQL.discoveredPathsOfStages).all([
            ("stage_ids", JSONValue.array(numbers).text)
        ]) { $0.text(0) }
    }
}
