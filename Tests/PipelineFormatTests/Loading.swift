// Pipelines loaded from text, with files that are only names. Knows the format; reads no disk.

import Model
import PipelineFormat
import Testing

struct NoSuchFile: Error, CustomStringConvertible {
    let path: String
    var description: String { "'\(path)' cannot be read: No such file or directory." }
}

/// Loads a pipeline whose project has these files.
func load(
    _ text: String, files: [String: String] = [:], set overrides: [(name: String, value: String)] = []
) throws(PipelineErrors) -> LoadedPipeline {
    try load(bytes: Array(text.utf8), files: files, set: overrides)
}

func load(
    bytes: [UInt8], files: [String: String] = [:], set overrides: [(name: String, value: String)] = []
) throws(PipelineErrors) -> LoadedPipeline {
    let fileAccess = FileAccess(
        readFile: { path in
            guard let text = files[path] else { throw NoSuchFile(path: path) }
            return Array(text.utf8)
        },
        isFile: { files[$0] != nil })
    return try loadPipeline(bytes: bytes, fileName: "pipeline.json", overrides: overrides, fileAccess: fileAccess)
}

/// The stages of a pipeline of which only the stages matter.
func stages(_ text: String, with top: String = "", files: [String: String] = [:]) throws(PipelineErrors) -> [Stage] {
    try load("{\(top) \"stages\": {\(text)}}", files: files).graph.stages
}

/// Every problem as `place: message`.
func problems(_ text: String, files: [String: String] = [:], set overrides: [(name: String, value: String)] = [])
    -> [String]
{
    do {
        _ = try load(text, files: files, set: overrides)
        return []
    } catch {
        return error.problems.map { "\($0.place): \($0.message)" }
    }
}

extension Graph {
    func stage(_ name: String) throws -> Stage { try #require(stages.first { $0.name == name }) }

    /// `before → after` for every edge, by name.
    var edges: [String] {
        stages.indices.flatMap { stage in predecessors[stage].map { "\(stages[$0].name) → \(stages[stage].name)" } }
    }
}
