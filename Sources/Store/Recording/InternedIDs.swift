// The IDs that stand for texts in the rows of the store, looked up once.

import Model
import RunsSQL

/// What was looked up in this process. Cleared when a transaction is rolled back, since its rows do not exist then.
struct InternedIDs {
    struct StageKey: Hashable {
        let pipeline: Int64
        let name: String
    }
    var pipelines: [String: Int64] = [:]
    var stages: [StageKey: Int64] = [:]
    var names: [String: Int64] = [:]
    var paths: [String: Int64] = [:]
    var commands: [String: Int64] = [:]
    var artifacts: [RecordedArtifact: Int64] = [:]
    /// Pipelines whose stages were all looked up.
    var pipelinesLookedUp: Set<Int64> = []
}

/// One content of a path.
struct RecordedArtifact: Hashable {
    let path: Int64
    let kind: DigestKind
    let digest: Digest
}

extension Store {
    /// nil: the pipeline was never run.
    func existingPipeline(_ name: String) throws(Failure) -> Int64? {
        if let known = numbers.pipelines[name] { return known }
        let found = try connection.statement(SQL.findPipeline).first([("name", name)]) { $0.integer(0) }
        if let found { numbers.pipelines[name] = found }
        return found
    }

    /// The name of a pipeline in this store: the one in its file, or its path if another file has a pipeline of that
    /// name.
    ///
    /// - Parameters:
    ///   - declared: the name in the file.
    ///   - path: the file, relative to the project.
    ///   - exists: whether a file of the project exists. A pipeline whose file does not was moved.
    public func pipelineName(
        _ declared: String, path: String, exists: (String) -> Bool
    ) throws(Failure) -> String {
        let candidates = [declared, path, "\(declared) (\(path))"]
        let files = try candidates.map { name throws(Failure) in try fileOfPipeline(name) }
        if let own = files.firstIndex(of: .some(.some(path))) { return candidates[own] }
        let free = files.firstIndex { file in
            guard case .some(.some(let file)) = file else { return true }
            return !exists(file)
        }
        return candidates[free ?? 2]
    }

    /// nil: there is no pipeline of that name; nil within: its file is not known.
    private func fileOfPipeline(_ name: String) throws(Failure) -> String?? {
        try connection.statement(SQL.pathOfPipeline).first([("name", name)]) { $0.optionalText(0) }
    }

    func pipelineID(_ name: String) throws(Failure) -> Int64 {
        if let known = try existingPipeline(name) { return known }
        try connection.statement(SQL.insertPipeline).run([("name", name)])
        numbers.pipelines[name] = connection.lastInsertedRow
        return connection.lastInsertedRow
    }

    func existingStage(_ name: String, pipeline: String) throws(Failure) -> Int64? {
        guard let pipelineID = try existingPipeline(pipeline) else { return nil }
        let place = InternedIDs.StageKey(pipeline: pipelineID, name: name)
        if let known = numbers.stages[place] { return known }
        let found = try connection.statement(SQL.findStage).first([("pipeline_id", pipelineID), ("name", name)]) {
            $0.integer(0)
        }
        if let found { numbers.stages[place] = found }
        return found
    }

    func stageID(_ name: String, template: String, pipeline: String) throws(Failure) -> Int64 {
        if let known = try existingStage(name, pipeline: pipeline) { return known }
        let pipelineID = try pipelineID(pipeline)
        try connection.statement(SQL.insertStage).run([
            ("pipeline_id", pipelineID), ("name", name), ("template", template),
        ])
        numbers.stages[InternedIDs.StageKey(pipeline: pipelineID, name: name)] = connection.lastInsertedRow
        return connection.lastInsertedRow
    }

    /// Creates the IDs for texts of stages that will be executed soon, all at once: rows of many stages share pages,
    /// while each stage alone would write its own.
    public func internStrings(of stages: [Stage], pipeline: String) throws(Failure) {
        try inTransaction { () throws(Failure) in
            for stage in stages {
                _ = try stageID(stage.name, template: stage.template, pipeline: pipeline)
                _ = try commandID(stage.commandText)
                for input in stage.inputs where !input.isGlob {
                    _ = try nameID(input.name)
                    _ = try pathID(input.path)
                }
                for output in stage.outputs {
                    _ = try nameID(output.name)
                    _ = try pathID(output.path)
                }
            }
        }
    }

    /// One scan instead of a seek for each stage.
    func lookUpAllStages(ofPipeline pipeline: Int64) throws(Failure) {
        guard numbers.pipelinesLookedUp.insert(pipeline).inserted else { return }
        try connection.statement(SQL.stagesOfPipeline).run([("pipeline_id", pipeline)]) {
            numbers.stages[InternedIDs.StageKey(pipeline: pipeline, name: $0.text(1))] = $0.integer(0)
        }
    }

    func nameID(_ text: String) throws(Failure) -> Int64 {
        try number(of: text, in: \.names, find: SQL.findName, insert: SQL.insertName)
    }

    func pathID(_ text: String) throws(Failure) -> Int64 {
        try number(of: text, in: \.paths, find: SQL.findPath, insert: SQL.insertPath)
    }

    func commandID(_ text: String) throws(Failure) -> Int64 {
        try number(of: text, in: \.commands, find: SQL.findCommand, insert: SQL.insertCommand)
    }

    func artifactID(_ recorded: RecordedPath) throws(Failure) -> Int64 {
        let path = try pathID(recorded.path)
        let print = recorded.fingerprint
        let artifact = RecordedArtifact(path: path, kind: print.kind, digest: print.digest)
        if let known = numbers.artifacts[artifact] { return known }
        let found = try connection.statement(SQL.findArtifact).first([
            ("path_id", path), ("sha256", print.digest), ("digest_kind", print.kind.rawValue),
        ]) { $0.integer(0) }
        if found == nil {
            try connection.statement(SQL.insertArtifact).run([
                ("path_id", path), ("sha256", print.digest), ("digest_kind", print.kind.rawValue),
                ("size_bytes", print.sizeBytes),
            ])
        }
        let number = found ?? connection.lastInsertedRow
        numbers.artifacts[artifact] = number
        return number
    }

    private func number(
        of text: String, in cache: WritableKeyPath<InternedIDs, [String: Int64]>, find: Statement, insert: Statement
    ) throws(Failure) -> Int64 {
        if let known = numbers[keyPath: cache][text] { return known }
        var found = try connection.statement(find).first([("text", text)]) { $0.integer(0) }
        if found == nil {
            try connection.statement(insert).run([("text", text)])
            found = connection.lastInsertedRow
        }
        let number = found ?? 0
        numbers[keyPath: cache][text] = number
        return number
    }
}
