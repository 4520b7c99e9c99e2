// Runs and stages in the store, as words of the command line name them. Knows the words and what is printed if they are
// ambiguous; the store knows the rows.

import JSON
import Model
import Report
import Store

/// A store, and stages in it.
struct RecordedStages {
    let project: Project
    let store: Store
    /// Numbers are the IDs of `Store.stageNames`.
    let stages: [(pipeline: String, stage: String, template: String, number: Int64)]

    /// The stages that `[FILE] STAGE…` names. With a file, those of its pipeline in the store of its folder; with a file
    /// alone, all of them.
    static func named(by words: [String], _ options: StoreOptions) throws -> RecordedStages {
        guard let first = words.first, first.hasSuffix(".json") else {
            let project = try Project.find(from: ".", options)
            let store = try project.openForReading()
            return RecordedStages(
                project: project, store: store, stages: try words.flatMap { try store.stages(named: $0) })
        }
        let file = try PipelineFile.read(first, options)
        let store = try file.project.openForReading()
        let pipeline = try file.name(ofDeclared: file.declaredName, in: store)
        let named = words.dropFirst()
        let stages =
            named.isEmpty
            ? try store.stageNames().filter { $0.pipeline == pipeline }
            : try named.flatMap { try store.stages(named: $0, ofPipeline: pipeline) }
        return RecordedStages(project: file.project, store: store, stages: stages)
    }
}

extension PipelineFile {
    /// As the file says, even if the rest of it is invalid.
    fileprivate var declaredName: String {
        if case .object(let members)? = try? JSONReader.value(of: bytes, dialect: .pipeline),
            case .string(let name)? = members.last(where: { $0.name == "name" })?.value
        {
            return name
        }
        let fileName = path.split(separator: "/").last ?? ""
        return String(fileName.hasSuffix(".json") ? fileName.dropLast(5) : fileName)
    }
}

extension Store {
    /// The stages in the store that a word names.
    func stages(
        named word: String, ofPipeline pipeline: String? = nil
    ) throws -> [(pipeline: String, stage: String, template: String, number: Int64)] {
        let selector = StageSelector(word)
        let all = try stageNames().filter { pipeline == nil || $0.pipeline == pipeline }
        let found = all.filter { selector.matches(stageName: $0.stage, template: $0.template) }
        guard found.isEmpty else { return found }
        let known = Set(all.flatMap { [$0.stage, $0.template] }).sorted()
        let place = pipeline.map { " in pipeline '\($0)'" } ?? ""
        throw Failure(.usage, "unknown stage '\(word)'\(place)\(suggestion(for: word, among: known))")
    }

    /// The run that a word names: a number, `latest`, `latest~1`, or a tag. Prints a note if several have the tag.
    func findRun(_ word: String, among scope: RunScope = .all) throws(Failure) -> RunID {
        try run(named: word, among: scope) { tagged in
            let others = tagged.dropFirst().prefix(10).map(\.description).joined(separator: ", ")
            Terminal.standardError.writeLine(
                "note: \(tagged.count) runs have the tag '\(sanitized(word))': using the newest, run \(tagged[0]) (others: "
                    + "\(others)\(tagged.count > 11 ? ", …" : ""))")
        }
    }
}
