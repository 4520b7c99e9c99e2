// What the planner and the coordinator read before they decide. Writes nothing.

import Model
import RunsSQL

extension Store {
    /// For each stage, the execution that made its current outputs, with these outputs. Two scans for all stages.
    ///
    /// - Parameter stages: nil: all.
    public func currentExecutions(pipeline: String, of stages: [String]? = nil) throws(Failure) -> [String:
        ExecutionRecord]
    {
        var outputs: [Int64: [RecordedPath]] = [:]
        try ask(SQL.currentOutputs, SQL.currentOutputsOfStages, pipeline, stages) { row throws(Failure) in
            outputs[row.integer(0), default: []].append(try recordedPath(row, from: 1))
        }
        var result: [String: ExecutionRecord] = [:]
        try ask(SQL.currentExecutions, SQL.currentExecutionsOfStages, pipeline, stages) { row throws(Failure) in
            result[row.text(0)] = try record(row, from: 1, outputs: outputs[row.integer(1)] ?? [])
        }
        return result
    }

    /// For each stage, its newest execution in any state, without its outputs.
    ///
    /// - Parameter stages: nil: all.
    public func newestExecutions(pipeline: String, of stages: [String]? = nil) throws(Failure) -> [String:
        ExecutionRecord]
    {
        var result: [String: ExecutionRecord] = [:]
        try ask(SQL.newestExecutions, SQL.newestExecutionsOfStages, pipeline, stages) { row throws(Failure) in
            result[row.text(0)] = try record(row, from: 1, outputs: [])
        }
        return result
    }

    /// One statement for all stages of a pipeline, the other for a few.
    private func ask(
        _ all: Statement, _ some: Statement, _ pipeline: String, _ stages: [String]?,
        _ row: (Row) throws(Failure) -> Void
    ) throws(Failure) {
        guard let number = try existingPipeline(pipeline) else { return }
        guard let stages else { return try connection.statement(all).run([("pipeline_id", number)], row) }
        var numbers: [JSONValue] = []
        for stage in stages {
            if let number = try existingStage(stage, pipeline: pipeline) { numbers.append(.integer(number)) }
        }
        try connection.statement(some).run([("stage_ids", JSONValue.array(numbers).text)], row)
    }

    /// The newest succeeded execution of a stage.
    public func newestSucceeded(pipeline: String, stage: String) throws(Failure) -> ExecutionRecord? {
        guard let number = try existingStage(stage, pipeline: pipeline) else { return nil }
        return try records(SQL.newestSucceeded, [("stage_id", number)]).first
    }

    /// Newest first, at most 32.
    public func succeededExecutions(key: Digest) throws(Failure) -> [ExecutionRecord] {
        try records(SQL.succeededByKey, [("key", key)])
    }

    /// Newest first, at most 256.
    public func succeededExecutions(baseKey: Digest) throws(Failure) -> [ExecutionRecord] {
        try records(SQL.succeededByBaseKey, [("base_key", baseKey)])
    }

    /// Whether a version that encoded keys differently recorded executions.
    public func hasEarlierKeys() throws(Failure) -> Bool {
        try connection.statement(SQL.lastEarlierKey).first { !$0.isNull(0) } ?? false
    }

    public func inputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath] {
        try connection.statement(SQL.inputsOfExecution).all([("execution_id", execution.value)]) {
            row throws(Failure) in
            try recordedPath(row, from: 0)
        }
    }

    public func outputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath] {
        try connection.statement(SQL.outputsOfExecution).all([("execution_id", execution.value)]) {
            row throws(Failure) in
            try recordedPath(row, from: 0)
        }
    }

    /// Params are the JSON texts that were recorded, for numbers and strings alike.
    public func details(of execution: ExecutionID) throws(Failure) -> ExecutionDetails? {
        let id: [(String, Bindable?)] = [("execution_id", execution.value)]
        guard
            let head = try connection.statement(SQL.detailsOfExecution).first(id, { ($0.text(0), $0.optionalText(1)) })
        else { return nil }
        // A `.number` is written unchanged, so it can carry any JSON text.
        let params = try connection.statement(SQL.paramsOfExecution).all(id) {
            Param(name: $0.text(0), value: .number($0.text(1)))
        }
        return ExecutionDetails(
            command: head.0, workingDirectory: head.1, environment: try variables(of: execution), params: params,
            inputs: try inputs(of: execution))
    }

    func variables(of execution: ExecutionID) throws(Failure) -> [EnvironmentVariable] {
        try connection.statement(SQL.variablesOfExecution).all([("execution_id", execution.value)]) {
            EnvironmentVariable(name: $0.text(0), value: $0.optionalText(1))
        }
    }

    /// The execution that made what is at a path; nil: none did.
    public func owner(ofPath path: String) throws(Failure) -> ExecutionID? {
        try connection.statement(SQL.ownerOfPath).first([("path", path)]) { ExecutionID($0.integer(0)) }
    }

    /// The same with its outputs.
    public func executionOwning(path: String) throws(Failure) -> ExecutionRecord? {
        try records(SQL.executionOwningPath, [("path", path)]).first
    }

    /// The newest succeeded execution that made exactly this at a path; nil: none did.
    public func maker(ofPath path: String, holding fingerprint: Fingerprint) throws(Failure) -> ExecutionID? {
        try connection.statement(SQL.makerOfArtifact).first([
            ("path", path), ("sha256", fingerprint.digest), ("digest_kind", fingerprint.kind.rawValue),
        ]) { ExecutionID($0.integer(0)) }
    }

    public func stage(
        of execution: ExecutionID
    ) throws(Failure) -> (pipeline: String, stage: String, state: ExecutionState)? {
        try connection.statement(SQL.stageOfExecution).first([("execution_id", execution.value)]) {
            row throws(Failure) in
            (row.text(0), row.text(1), reported(try state(row.text(2)), of: RunID(row.integer(3))))
        }
    }

    /// Cached digests.
    ///
    /// - Parameter paths: nil: all.
    public func cachedDigests(of paths: [String]? = nil) throws(Failure) -> [DigestCacheEntry] {
        let names = paths.map { JSONValue.array($0.map { .string($0) }).text }
        let statement = names == nil ? SQL.cachedDigests : SQL.cachedDigestsOfPaths
        return try connection.statement(statement).all(names.map { [("paths", $0)] } ?? []) { row throws(Failure) in
            DigestCacheEntry(
                path: row.text(0), mode: DigestMode(rawValue: row.text(1)) ?? .content,
                stamp: FileStamp(
                    device: UInt64(bitPattern: row.integer(2)), inode: UInt64(bitPattern: row.integer(3)),
                    sizeBytes: row.integer(4), modifiedNanoseconds: row.integer(5), changedNanoseconds: row.integer(6)),
                fingerprint: Fingerprint(
                    kind: try digestKind(row.text(7)), digest: try row.digest(8), sizeBytes: row.integer(9)),
                tree: row.isNull(10) ? nil : row.blob(10))
        }
    }

    /// Median seconds of the newest succeeded executions, by stage.
    ///
    /// - Parameter stages: nil: all.
    public func medianWallSeconds(pipeline: String, of stages: [String]? = nil) throws(Failure) -> [String: Double] {
        var seconds: [String: [Double]] = [:]
        try ask(SQL.recentWallSeconds, SQL.recentWallSecondsOfStages, pipeline, stages) {
            seconds[$0.text(0), default: []].append($0.real(1))
        }
        return seconds.mapValues { $0.sorted()[$0.count / 2] }
    }

    // MARK: - Rows

    private func records(_ statement: Statement, _ bindings: [(String, Bindable?)]) throws(Failure) -> [ExecutionRecord]
    {
        try connection.statement(statement).all(bindings) { row throws(Failure) in
            try record(row, from: 0, outputs: try outputs(of: ExecutionID(row.integer(0))))
        }
    }

    private func record(_ row: Row, from first: Int32, outputs: [RecordedPath]) throws(Failure) -> ExecutionRecord {
        ExecutionRecord(
            id: ExecutionID(row.integer(first)), runID: RunID(row.integer(first + 1)), stage: row.text(first + 2),
            state: reported(try state(row.text(first + 3)), of: RunID(row.integer(first + 1))),
            key: try row.digest(first + 4), baseKey: try row.digest(first + 5),
            inputsChangedDuringRun: row.flag(first + 6), isRejected: row.flag(first + 7), outputs: outputs,
            discovered: row.isNull(first + 8) ? nil : DiscoveredSetID(row.integer(first + 8)))
    }

    func recordedPath(_ row: Row, from first: Int32) throws(Failure) -> RecordedPath {
        RecordedPath(
            name: row.text(first), path: row.text(first + 1), fingerprint: try fingerprint(row, from: first + 2))
    }

    func fingerprint(_ row: Row, from first: Int32) throws(Failure) -> Fingerprint {
        Fingerprint(
            kind: try digestKind(row.text(first)), digest: try row.digest(first + 1), sizeBytes: row.integer(first + 2))
    }

    func state(_ text: String) throws(Failure) -> ExecutionState {
        guard let state = ExecutionState(rawValue: text) else { throw unknown(text) }
        return state
    }

    /// The state of an execution, as far as it is known whether its run is alive.
    func reported(_ state: ExecutionState, of run: RunID) -> ExecutionState {
        state.isOpen && goneRuns.contains(run) ? .lost : state
    }

    private func digestKind(_ text: String) throws(Failure) -> DigestKind {
        guard let kind = DigestKind(rawValue: text) else { throw unknown(text) }
        return kind
    }

    private func unknown(_ text: String) -> Failure {
        Failure(
            .store, "the store \(connection.path) contains the unknown word '\(text)'. Another program changed it.")
    }
}
