// A stage on its way into the graph: its settings are settled and its paths are known, references and the command are
// not yet. Knows paths and the rules for a single path; does not know the other stages.

import JSON
import Model

final class Draft {
    let document: StageDocument
    let instance: Instance
    let settings: Settings
    var renderer: Renderer
    var workdir: String?
    var outputs: [DraftOutput] = []
    var inputs: [DraftInput] = []
    /// Stages of `needs`.
    var needs: [StageIndex] = []

    init(document: StageDocument, instance: Instance, settings: Settings, renderer: Renderer) {
        self.document = document
        self.instance = instance
        self.settings = settings
        self.renderer = renderer
    }

    var name: String { instance.name }
    var place: String { document.place }
}

struct DraftOutput {
    let output: Output
    let position: JSONPosition
    /// `stages.train.outputs.model`
    let place: String
}

struct DraftInput {
    let input: Input
    /// The stage whose output it is by `from`.
    var source: StageIndex?
    let position: JSONPosition
    let place: String
}

struct Drafting {
    let pipeline: PipelineDocument
    let overrides: [(name: String, value: JSONValue)]
    let problems: ProblemList

    /// - Parameter document: the stage with the defaults under it.
    func draft(_ document: StageDocument, _ instance: Instance) -> Draft {
        var settings = document.settings
        var params = pipeline.params
        for (_, value) in instance.point {
            guard let overlay = value.overlay else { continue }
            settings.overlay(overlay)
            params.merge(overlay.params) { $1 }
        }
        // A param of the stage stands before one of the axis value; all else of the axis value before the stage.
        params.merge(document.settings.params) { $1 }
        for (name, value) in overrides where params[name] != nil { params[name] = value }
        let renderer = Renderer(stageName: instance.name, point: instance.point, params: params, problems: problems)
        let draft = Draft(document: document, instance: instance, settings: settings, renderer: renderer)
        if let workdir = document.workdir {
            draft.workdir = folder(draft.renderer.bare(workdir, document.place + ".workdir"), workdir, document.place)
        }
        draft.outputs = (document.outputs?.items ?? []).compactMap { name, item in
            let place = join(document.place, item.place)
            let path = cleaned(draft.renderer.bare(Located(value: item.path, position: item.position), place))
            guard isOutputPath(path, isExternal: item.isExternal, place, item.position) else { return nil }
            let output = Output(
                name: name, path: path, mode: item.mode, isPersistent: item.isPersistent, isMetrics: item.isMetrics,
                isExternal: item.isExternal)
            return DraftOutput(output: output, position: item.position, place: place)
        }
        draft.inputs = (document.inputs?.items ?? []).compactMap { name, item in
            guard case .path(let written) = item.source else { return nil }
            let place = join(document.place, item.place)
            let path = cleaned(draft.renderer.bare(Located(value: written, position: item.position), place))
            guard !isInsideRuns(path, place, item.position) else { return nil }
            let input = Input(name: name, path: path, isGlob: GlobPattern.isPattern(path), mode: item.mode)
            return DraftInput(input: input, position: item.position, place: place)
        }
        return draft
    }

    /// The folder to run in; nil for the pipeline's own.
    private func folder(_ written: String, _ workdir: Located<String>, _ place: String) -> String? {
        let path = cleaned(written)
        if leavesFolder(path) {
            problems.add(
                place + ".workdir", workdir.position,
                "'\(written)' must be a folder inside the pipeline's folder, relative to it.")
        }
        return path == "." ? nil : path
    }

    private func isOutputPath(
        _ path: String, isExternal: Bool, _ place: String, _ position: JSONPosition
    ) -> Bool {
        if leavesFolder(path), !isExternal {
            problems.add(
                place, position,
                "the output '\(path)' leaves the pipeline's folder; give a path inside of it, or say "
                    + "{\"path\": …, \"external\": true}.")
            return false
        }
        if path == "/" || path.split(separator: "/").last == ".." {
            problems.add(
                place, position, "the output '\(path)' holds the pipeline's own folder; name something inside of it.")
            return false
        }
        if path == "." {
            problems.add(place, position, "the output is the pipeline's own folder; name something inside of it.")
            return false
        }
        if path.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) {
            problems.add(place, position, "the output '\(path)' is a pattern; name a file or a directory.")
            return false
        }
        return !isInsideRuns(path, place, position)
    }

    private func isInsideRuns(_ path: String, _ place: String, _ position: JSONPosition) -> Bool {
        guard path == ".runs" || path.hasPrefix(".runs/") else { return false }
        problems.add(place, position, "'\(path)' lies in '.runs', which belongs to this program.")
        return true
    }
}

/// The normalised path. Most paths are written so: they are only looked at.
func cleaned(_ path: String) -> String {
    var isAtStart = true
    for byte in path.utf8 {
        if isAtStart, byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return normalized(path) }
        isAtStart = byte == UInt8(ascii: "/")
    }
    return isAtStart ? normalized(path) : path
}

/// Whether a normalised path is absolute or begins with `..`.
func leavesFolder(_ path: String) -> Bool { path.hasPrefix("/") || path == ".." || path.hasPrefix("../") }
