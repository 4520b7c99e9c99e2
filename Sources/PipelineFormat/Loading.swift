// Loads a pipeline: from the bytes of the file to the graph. Knows the order of the phases; does not know where the
// file is.

import JSON
import Model

/// Access to other files of the project.
public struct FileAccess: Sendable {
    /// The bytes of a file; the path is relative to the pipeline's folder. Throws a
    /// message if it cannot be read.
    public var readFile: @Sendable (String) throws -> [UInt8]
    /// Whether a path, relative to the pipeline's folder, is a regular file of the project.
    public var isFile: @Sendable (String) -> Bool

    public init(
        readFile: @escaping @Sendable (String) throws -> [UInt8], isFile: @escaping @Sendable (String) -> Bool
    ) {
        self.readFile = readFile
        self.isFile = isFile
    }
}

public struct LoadedPipeline: Sendable {
    public let graph: Graph
    /// About what is valid, but probably not intended.
    public let warnings: [String]
}

/// Reads, checks and expands a pipeline file.
///
/// - Parameters:
///   - fileName: used in messages; without its extension, it is the default name of the pipeline.
///   - overrides: values of `--set`: JSON if they are valid JSON, else by the type of what they replace.
/// - Throws: all mistakes in the file.
public func loadPipeline(
    bytes: [UInt8], fileName: String, overrides: [(name: String, value: String)], fileAccess: FileAccess
) throws(PipelineErrors) -> LoadedPipeline {
    let problems = ProblemList()
    let root: JSONNode
    do {
        root = try JSONReader.read(bytes, dialect: .pipeline)
    } catch {
        problems.add("", JSONPosition(line: error.line, column: error.column), error.message + ".")
        throw problems.errors(file: fileName)
    }
    let document = PipelineDecoder(problems: problems, fileAccess: fileAccess).pipeline(root)
    let templates = document.stages.map { $0.over(document.defaults) }
    let instances = Expansion(axes: document.axes, problems: problems).instances(of: templates)
    let settings =
        overrides.isEmpty ? [] : Overrides(document, templates, problems: problems).checked(overrides)
    let drafting = Drafting(pipeline: document, overrides: settings, problems: problems)
    let drafts = instances.map { drafting.draft(templates[$0.template], $0) }
    let references = References(templates: templates, problems: problems)
    references.check(templates)
    references.resolve(drafts)
    checkStages(templates, document, problems)

    let outputs = OutputIndex(drafts, folders: Edges.folders(of: drafts), problems: problems)
    var builder = StageBuilder(outputs: outputs, isFile: fileAccess.isFile, problems: problems)
    var stages: [Stage] = []
    stages.reserveCapacity(drafts.count)
    for draft in drafts {
        if let stage = builder.stage(draft) { stages.append(stage) }
    }
    let edges = Edges(drafts, outputs: outputs, problems: problems)
    reportCycles(drafts, predecessors: edges.predecessors, problems: problems)
    let targets = defaultTargets(document, drafts, problems)
    guard problems.isEmpty else { throw problems.errors(file: fileName) }

    let stem = fileName.split(separator: "/").last.map { $0.hasSuffix(".json") ? String($0.dropLast(5)) : String($0) }
    var graph = Graph(
        pipeline: document.name ?? stem ?? fileName, stages: stages, predecessors: edges.predecessors,
        producers: edges.producers, defaultTargets: targets, capacity: document.capacity)
    graph.secrets = document.secrets
    return LoadedPipeline(graph: graph, warnings: problems.warnings.map { "\(fileName): \($0)" })
}

/// Rules for a whole stage, with the defaults applied.
private func checkStages(_ templates: [StageDocument], _ document: PipelineDocument, _ problems: ProblemList) {
    for (template, written) in zip(templates, document.stages) {
        if template.command == nil, !written.hasBrokenCommand, !document.defaults.hasBrokenCommand {
            problems.add(template.place, template.position, "has no 'command'.")
        }
        if template.isAlways == true, template.isFrozen == true {
            problems.add(template.place, template.position, "cannot be both 'always' and 'frozen'.")
        }
        for name in template.settings.resources.counted.keys where document.capacity[name] == nil {
            guard let meant = resourceMeant(by: name) else { continue }
            problems.warn(
                "\(template.place).resources.\(name)",
                "the counted resource '\(name)' is not in \"capacity\"; did you mean '\(meant)'?")
        }
    }
}

private func defaultTargets(_ document: PipelineDocument, _ drafts: [Draft], _ problems: ProblemList) -> [StageIndex] {
    guard let words = document.defaultTargets else { return Array(drafts.indices) }
    var isTarget = [Bool](repeating: false, count: drafts.count)
    for (index, word) in words.enumerated() {
        let selector = StageSelector(word.value)
        var found = false
        for (stage, draft) in drafts.enumerated()
        where selector.matches(stageName: draft.name, template: draft.document.name) {
            isTarget[stage] = true
            found = true
        }
        // A template without stages was reported.
        if found || document.stages.contains(where: { $0.name == word.value }) { continue }
        let names = Set(document.stages.map(\.name)).union(drafts.prefix(10_000).map(\.name))
        let hint = suggestion(for: word.value, among: names.sorted())
        problems.add("default[\(index)]", word.position, "unknown stage '\(word.value)'; \(hint)")
    }
    return drafts.indices.filter { isTarget[$0] }
}
