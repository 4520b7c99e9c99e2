// A pipeline file: found, read, and expanded, which an unchanged pipeline does not need. Knows where the file is; does
// not know its format (PipelineFormat does).

import Glibc
import Model
import PipelineFormat
import PlanCache
import Planner
import Store
import Synchronization

/// A pipeline file, read.
struct PipelineFile {
    let project: Project
    /// The folder that contains it, absolute.
    private let folder: String
    /// As given on the command line.
    private let name: String
    /// The folder relative to the project's root, with a trailing slash; empty if they are the same.
    private let prefix: String
    let bytes: [UInt8]
    /// Relative to the project's root.
    let path: String

    static func read(_ file: String, _ options: StoreOptions) throws -> PipelineFile {
        let slash = file.lastIndex(of: "/")
        let folder = try Project.absolute(slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? ".")
        let name = slash.map { String(file[file.index(after: $0)...]) } ?? file
        let project = try Project.find(from: folder, options)
        let prefix =
            folder == project.root || folder == "/" ? "" : String(folder.dropFirst(project.root.count + 1)) + "/"
        return PipelineFile(
            project: project, folder: folder, name: file, prefix: prefix, bytes: try pipelineBytes("\(folder)/\(name)"),
            path: prefix + name)
    }

    private static func pipelineBytes(_ path: String) throws -> [UInt8] {
        do {
            return try readBytes(path)
        } catch {
            throw Failure(.usage, "\(error.message) (name a pipeline file, or create one with `runs init`)")
        }
    }

    /// - Throws: all errors of the file at once.
    func expanded(settings: [String]) throws -> OpenedPipeline {
        final class Log: Sendable {
            let expansionInputs = Mutex(ExpansionInputs())
        }
        let (log, file) = (Log(), self)
        let fileAccess = FileAccess(
            readFile: { path throws in
                let bytes = try readBytes(file.absolute(path))
                log.expansionInputs.withLock { $0.files[path] = contentDigest(of: bytes) }
                return bytes
            },
            isFile: { path in
                let isFile = file.isRegularFile(path)
                log.expansionInputs.withLock { $0.probes[path] = isFile }
                return isFile
            })
        let loaded = try loadPipeline(
            bytes: bytes, fileName: name, overrides: try settings.map(nameAndValue), fileAccess: fileAccess)
        return OpenedPipeline(
            file: self, graph: prefix.isEmpty ? loaded.graph : loaded.graph.moved(into: prefix),
            warnings: loaded.warnings,
            expansionInputs: log.expansionInputs.withLock { $0 })
    }

    /// The pipeline's name in the store.
    func name(of graph: Graph, in store: Store) throws -> String {
        try name(ofDeclared: graph.pipeline, in: store)
    }

    /// The same for the name that the file declares.
    func name(ofDeclared name: String, in store: Store) throws -> String {
        try store.pipelineName(name, path: path) { path in
            access(path.hasPrefix("/") ? path : "\(project.root)/\(path)", F_OK) == 0
        }
    }

    /// Identifies a run of the pipeline with these settings, for these stages.
    func request(settings: [String], stages: [String]) -> Digest {
        requestDigest(ofPipeline: bytes, words: [path, name] + settings + ["--"] + stages)
    }

    /// Whether the inputs of an expansion are unchanged.
    func stillHolds(_ expansionInputs: ExpansionInputs, salt: [UInt8]) -> Bool {
        expansionInputs.probes.allSatisfy { isRegularFile($0.key) == $0.value }
            && expansionInputs.files.allSatisfy { (try? readBytes(absolute($0.key))).map(contentDigest) == $0.value }
            && expansionInputs.variables.allSatisfy { saltedDigest(ofVariable: $0.key, salt: salt) == $0.value }
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(absolute(path), &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}

/// A pipeline file, read and expanded.
struct OpenedPipeline {
    let file: PipelineFile
    var graph: Graph
    var warnings: [String]
    /// What the expansion read.
    let expansionInputs: ExpansionInputs

    var project: Project { file.project }

    static func open(file: String, settings: [String], _ options: StoreOptions) throws -> OpenedPipeline {
        try PipelineFile.read(file, options).expanded(settings: settings)
    }

    /// What the expansion and the stages' keys depend on besides the pipeline file.
    func expansionInputs(salt: [UInt8]) -> ExpansionInputs {
        var expansionInputs = expansionInputs
        for name in Set(graph.stages.flatMap(\.passedEnvironment)) {
            expansionInputs.variables[name] = .some(saltedDigest(ofVariable: name, salt: salt))
        }
        return expansionInputs
    }
}

private func saltedDigest(ofVariable name: String, salt: [UInt8]) -> Digest? {
    variable(name).map { saltedDigest(of: $0, salt: salt) }
}
