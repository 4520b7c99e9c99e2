// The stages that a draft means: templates multiplied by the axis, paths and params put in, order found. Written from
// the description of the format alone, apart from the program's own expansion.

struct DraftStage {
    let name: String
    let template: Draft.Template
    let inputs: [ModelPath]
    /// Those of the inputs that the command reads, in its order.
    let reads: [ModelPath]
    let outputs: [ModelOutput]
    /// Everything that its key holds of params: declared, mentioned, and the value of the axis.
    let params: [String: String]
    let mentionedValues: [String]
    /// The words of the command, the program left out.
    let words: [String]
    /// Names of the stages that must be done before it.
    var predecessors: Set<String> = []
}

struct ModelOutput: Hashable {
    let path: String
    let isFolder: Bool
}

/// A path or a glob, and what it stands for on a disk.
enum ModelPath: Hashable {
    case path(String)
    case glob(folder: String, fileExtension: String, isDeep: Bool)

    var text: String {
        switch self {
        case .path(let path): path
        case .glob(let folder, let fileExtension, let isDeep): Draft.pattern(folder, fileExtension, isDeep)
        }
    }

    var isGlob: Bool { if case .glob = self { true } else { false } }

    /// Whether the file at `file` counts: it is meant, or lies in a folder that is, and is not left out.
    func covers(_ file: String) -> Bool {
        if ModelNoise.includes(file) || ModelNoise.isExcluded(file, from: self) { return false }
        return holds(file)
    }

    /// The same with what is left out.
    func holds(_ file: String) -> Bool {
        switch self {
        case .path(let path):
            return file == path || file.hasPrefix(path + "/")
        case .glob(let folder, let fileExtension, let isDeep):
            guard file.hasPrefix(folder + "/"), file.hasSuffix("." + fileExtension) else { return false }
            return isDeep || !file.dropFirst(folder.count + 1).contains("/")
        }
    }

    func files(on disk: [String: String]) -> [String: String] { disk.filter { covers($0.key) } }

    /// Whether it names `output`, lies in it, or could find something in it.
    func mayRead(_ output: ModelOutput) -> Bool {
        if depends(on: output) { return true }
        guard output.isFolder, case .glob(let folder, _, let isDeep) = self else { return false }
        return "\(folder)/".hasPrefix(output.path + "/") || isDeep && output.path.hasPrefix(folder + "/")
    }

    /// Whether a stage that makes `output` must be done before one that takes this.
    func depends(on output: ModelOutput) -> Bool {
        if covers(output.path) { return true }
        if case .path(let path) = self { return path.hasPrefix(output.path + "/") }
        return false
    }
}

extension Draft {
    /// Every stage after those that it depends on. `overrides` are those of `--set`.
    func stages(overrides: [String: Int] = [:]) -> [DraftStage] {
        var stages: [DraftStage] = []
        for template in templates {
            for value in template.isMatrix ? axis.map(Optional.some) : [nil] {
                var stage = stage(of: template, value, overrides)
                // A frozen stage needs nothing upstream.
                if !template.isFrozen {
                    for earlier in stages where comes(earlier, before: stage, value) {
                        stage.predecessors.insert(earlier.name)
                    }
                }
                stages.append(stage)
            }
        }
        return stages
    }

    private func comes(_ earlier: DraftStage, before stage: DraftStage, _ value: String?) -> Bool {
        if stage.inputs.contains(where: { input in earlier.outputs.contains { input.depends(on: $0) } }) { return true }
        guard stage.template.needs.contains(earlier.template.name) else { return false }
        return value == nil || !earlier.template.isMatrix || earlier.params["k"] == value
    }

    private func stage(of template: Template, _ value: String?, _ overrides: [String: Int]) -> DraftStage {
        func inPlace(_ path: String, _ value: String?) -> String { path.replacing("{k}", with: value ?? "{k}") }
        func resolved(_ input: Input) -> [ModelPath] {
            switch input.source {
            case .path(let path): return [.path(inPlace(path, value))]
            case .glob(let folder, let fileExtension, let isDeep):
                return [.glob(folder: folder, fileExtension: fileExtension, isDeep: isDeep)]
            case .from(let name, let outputName):
                guard let producer = self.template(name),
                    let output = producer.outputs.first(where: { $0.name == outputName })
                else { return [] }
                let path = Self.path(of: output, in: producer)
                if !producer.isMatrix { return [.path(path)] }
                return (value.map { [$0] } ?? axis).map { .path(inPlace(path, $0)) }
            }
        }
        var values: [String: Int] = params
        if template.matrix == .axis, let value, let over = overlay[value] { values[Self.overlayParam] = over }
        values.merge(template.declared) { $1 }
        values.merge(overrides) { $1 }
        var used: [String: String] = [:]
        for name in template.mentioned + template.declared.keys { used[name] = values[name].map(Self.number) }
        let mentionedValues = template.mentioned.map { used[$0] ?? "" }
        if let value { used["k"] = value }
        let outputs = template.outputs.map {
            ModelOutput(path: inPlace(Self.path(of: $0, in: template), value), isFolder: $0.isFolder)
        }
        let words = words(
            of: template, param: { used[$0] ?? "" }, output: { inPlace(Self.path(of: $0, in: template), value) },
            input: { input in
                // What a pattern matches is no part of the command.
                resolved(input).map { $0.isGlob ? "${{ inputs.\(input.name) }}" : $0.text }
            })
        return DraftStage(
            name: value.map { "\(template.name)@k=\($0)" } ?? template.name, template: template,
            inputs: template.inputs.flatMap(resolved)
                + (template.form.tracksScript ? [.path(template.scriptPath)] : []),
            reads: template.inputs.filter(\.isRead).flatMap(resolved), outputs: outputs, params: used,
            mentionedValues: mentionedValues, words: words)
    }
}
