// A stage under construction: its settings and paths are known, references and the command are not yet. Knows the rules
// for a single path; does not know the other stages.

import JSON
import Model

final class Draft {
    let document: StageDocument
    let instance: Instance
    let settings: Settings
    var renderer: Renderer
    var workdir: String?
    var outputs: [DraftOutput] = []
    /// Outputs by name; made when the first is asked for, after all are known.
    private var outputsByName: [String: Output]?
    var inputs: [DraftInput] = []
    /// The stages that `needs` names.
    var needs: [StageIndex] = []

    init(document: StageDocument, instance: Instance, settings: Settings, renderer: Renderer) {
        self.document = document
        self.instance = instance
        self.settings = settings
        self.renderer = renderer
    }

    var name: String { instance.name }
    var place: String { document.place }

    func output(named name: String) -> Output? {
        if outputs.count <= 8 { return outputs.first { $0.output.name == name }?.output }
        let known =
            outputsByName
            ?? Dictionary(outputs.map { ($0.output.name, $0.output) }, uniquingKeysWith: { first, _ in first })
        outputsByName = known
        return known[name]
    }

    /// What an input leaves out: noise and its own patterns, or nothing for an empty list.
    ///
    /// - Parameter place: of the input.
    func exclusions(of item: InputDocument, _ place: String, _ problems: ProblemList) -> Exclusions {
        guard let patterns = item.exclude else { return .standard }
        let rendered = patterns.enumerated().map { index, pattern in
            let own = "\(place).exclude[\(index)]"
            let text = renderer.path(pattern, own)
            if text.isEmpty || text.hasPrefix("/") || text.split(separator: "/").contains("..") {
                problems.add(
                    own, pattern.position, stage: name,
                    "'\(text)' must be a name, or a path or pattern relative to the input's folder.")
            }
            return text
        }
        return Exclusions(leavesOutNoise: !patterns.isEmpty, patterns: rendered)
    }
}

struct DraftOutput {
    let output: Output
    let position: JSONPosition
    /// `stages.train.outputs.model`
    let place: String
}

struct DraftInput {
    let input: Input
    /// The stage that `from` names.
    var source: StageIndex?
    let position: JSONPosition
    let place: String
}

struct Drafting {
    let pipeline: PipelineDocument
    let overrides: [(name: String, value: JSONValue)]
    let problems: ProblemList

    /// - Parameter document: the stage, with the defaults applied.
    func draft(_ document: StageDocument, _ instance: Instance) -> Draft {
        var settings = document.settings
        var params = pipeline.params
        for (_, value) in instance.point {
            guard let overlay = value.overlay else { continue }
            settings.overlay(overlay)
            for layer in overlay.params { params.merge(layer) }
        }
        // A stage's param overrides that of an axis value; for other settings it is the reverse.
        for layer in document.settings.params { params.merge(layer) }
        for (name, value) in overrides where params.value(at: name) != nil {
            params.merge([JSONValue.Member(name: name, value: value)])
        }
        let renderer = Renderer(stageName: instance.name, point: instance.point, params: params, problems: problems)
        let draft = Draft(document: document, instance: instance, settings: settings, renderer: renderer)
        if let workdir = document.workdir {
            draft.workdir = folder(draft.renderer.path(workdir, document.place + ".workdir"), workdir, draft)
        }
        draft.outputs = (document.outputs?.items ?? []).compactMap { name, item in
            let place = join(document.place, item.place)
            let path = cleaned(draft.renderer.path(Located(value: item.path, position: item.position), place))
            guard isOutputPath(path, isExternal: item.isExternal, draft, place, item.position) else { return nil }
            let output = Output(
                name: name, path: path, mode: item.mode, persistence: item.persistence, isMetrics: item.isMetrics,
                isExternal: item.isExternal)
            return DraftOutput(output: output, position: item.position, place: place)
        }
        draft.inputs = (document.inputs?.items ?? []).compactMap { name, item in
            guard case .path(let written) = item.source else { return nil }
            let place = join(document.place, item.place)
            let path = cleaned(draft.renderer.path(Located(value: written, position: item.position), place))
            guard !isInsideRuns(path, draft, place, item.position) else { return nil }
            let input = Input(
                name: name, path: path, isGlob: GlobPattern.isPattern(path), mode: item.mode,
                exclusions: draft.exclusions(of: item, place, problems))
            return DraftInput(input: input, position: item.position, place: place)
        }
        return draft
    }

    /// The folder to run in; nil for the pipeline's folder.
    private func folder(_ written: String, _ workdir: Located<String>, _ draft: Draft) -> String? {
        let path = cleaned(written)
        if leavesFolder(path) {
            problems.add(
                draft.place + ".workdir", workdir.position, stage: draft.name,
                "'\(written)' must be a relative path inside the pipeline's folder.")
        }
        return path == "." ? nil : path
    }

    private func isOutputPath(
        _ path: String, isExternal: Bool, _ draft: Draft, _ place: String, _ position: JSONPosition
    ) -> Bool {
        if leavesFolder(path), !isExternal {
            problems.add(
                place, position, stage: draft.name,
                "the output '\(path)' is outside the pipeline's folder; use a path inside it or "
                    + "{\"path\": …, \"external\": true}.")
            return false
        }
        if path == "/" || path.split(separator: "/").last == ".." {
            problems.add(
                place, position, stage: draft.name,
                "the output '\(path)' contains the pipeline's folder; use a path inside it.")
            return false
        }
        if path == "." {
            problems.add(
                place, position, stage: draft.name, "the output is the pipeline's folder; use a path inside it.")
            return false
        }
        if path.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) {
            problems.add(
                place, position, stage: draft.name,
                "the output '\(path)' is a pattern, but must be a file or a directory.")
            return false
        }
        return !isInsideRuns(path, draft, place, position)
    }

    private func isInsideRuns(_ path: String, _ draft: Draft, _ place: String, _ position: JSONPosition) -> Bool {
        guard path == ".runs" || path.hasPrefix(".runs/") else { return false }
        problems.add(
            place, position, stage: draft.name, "'\(path)' is inside '.runs', which is reserved for runs itself.")
        return true
    }
}

/// The normalized path. Most paths are normalized already and returned unchanged.
func cleaned(_ path: String) -> String {
    var isAtStart = true
    for byte in path.utf8 {
        if isAtStart, byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return normalized(path) }
        isAtStart = byte == UInt8(ascii: "/")
    }
    return isAtStart ? normalized(path) : path
}

/// Whether a normalized path is absolute or begins with `..`.
func leavesFolder(_ path: String) -> Bool { path.hasPrefix("/") || path == ".." || path.hasPrefix("../") }
