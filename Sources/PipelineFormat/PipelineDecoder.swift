// Decodes the top level of a pipeline file and its params file. Knows keys; does not expand anything.

import JSON
import Model

struct PipelineDecoder {
    private static let keys = [
        "$schema", "name", "axes", "params", "params_file", "defaults", "stages", "default", "capacity", "secrets",
    ]

    private let problems: ProblemList
    private let fileAccess: FileAccess
    private let values: ValueDecoder
    private let settings: SettingsDecoder
    private let matrices: MatrixDecoder
    private let stages: StageDecoder

    init(problems: ProblemList, fileAccess: FileAccess) {
        self.problems = problems
        self.fileAccess = fileAccess
        values = ValueDecoder(problems: problems)
        settings = SettingsDecoder(values: values)
        matrices = MatrixDecoder(values: values, settings: settings)
        stages = StageDecoder(values: values, settings: settings, matrices: matrices)
    }

    func pipeline(_ node: JSONNode) -> PipelineDocument {
        var document = PipelineDocument()
        var inline: [JSONValue.Member] = []
        var fromFiles: ParamLayers = []
        var hasStages = false
        values.fields(of: node, "", known: Self.keys) { member in
            let node = member.value
            switch member.name {
            case "$schema": _ = values.text(node, "$schema")
            case "name": document.name = name(node)
            case "axes": document.axes = matrices.axes(values.names(of: node, "axes"), "axes")
            case "params": inline = settings.params(node, "params")
            case "params_file": fromFiles = paramsFiles(node)
            case "defaults": document.defaults = stages.stage(node, "defaults", name: "", at: member.position)
            case "stages":
                hasStages = true
                document.stages = stages(node)
            case "default":
                document.defaultTargets = values.texts(node, "default", of: "stages")
                if case .array([]) = node.content {
                    problems.add("default", node.position, "is empty; remove it to make all stages.")
                }
            case "capacity": document.capacity = capacity(node)
            case "secrets": document.secrets = secrets(node)
            default: return false
            }
            return true
        }
        if !hasStages, case .object = node.content {
            problems.add("stages", node.position, "the pipeline has no stages; add a \"stages\" object.")
        }
        document.paramLayers = fromFiles + [inline]
        for layer in document.paramLayers { document.params.merge(layer) }
        return document
    }

    private func name(_ node: JSONNode) -> String? {
        guard let name = values.text(node, "name") else { return nil }
        let isPrintable = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        if !name.isEmpty, isPrintable { return name }
        problems.add("name", node.position, "must not be empty or contain control characters.")
        return nil
    }

    private func stages(_ node: JSONNode) -> [StageDocument] {
        let members = values.names(of: node, "stages")
        if members.isEmpty, case .object = node.content {
            problems.add("stages", node.position, "the pipeline has no stages.")
        }
        return members.map { member in
            let place = "stages." + member.name
            if !isPlainName(member.name) {
                problems.add(
                    place, member.position,
                    "invalid stage name '\(member.name)'; use letters, digits, '_' and '-' only.")
            }
            return stages.stage(member.value, place, name: member.name, at: member.position)
        }
    }

    private func secrets(_ node: JSONNode) -> SecretRules {
        var rules = SecretRules()
        values.fields(of: node, "secrets", known: ["also", "not"]) { member in
            guard member.name == "also" || member.name == "not" else { return false }
            let place = join("secrets", member.name)
            for (index, name) in (values.texts(member.value, place, of: "names") ?? []).enumerated() {
                if name.value.isEmpty { problems.add("\(place)[\(index)]", name.position, "must not be empty.") }
                if rules.also.contains(name.value) || rules.not.contains(name.value) {
                    problems.add("\(place)[\(index)]", name.position, "'\(name.value)' is named twice.")
                }
                if member.name == "also" { rules.also.insert(name.value) } else { rules.not.insert(name.value) }
            }
            return true
        }
        return rules
    }

    private func capacity(_ node: JSONNode) -> [String: Quantity] {
        var capacity: [String: Quantity] = [:]
        for member in values.names(of: node, "capacity") {
            let place = join("capacity", member.name)
            if member.name == "memory" {
                capacity["memory"] = values.size(member.value, place).flatMap { Quantity(Double($0)) }
            } else {
                capacity[member.name] = values.quantity(member.value, place)
            }
        }
        return capacity
    }

    /// One path, or a list of paths.
    private func paramsFiles(_ node: JSONNode) -> ParamLayers {
        if case .array = node.content {
            let paths = values.texts(node, "params_file", of: "paths") ?? []
            return paths.enumerated().map { paramsFile($1, "params_file[\($0)]") }
        }
        guard case .string = node.content else {
            values.wrongType(node, "params_file", expected: "a path or a list of paths")
            return []
        }
        return values.located(node, "params_file").map { [paramsFile($0, "params_file")] } ?? []
    }

    private func paramsFile(_ path: Located<String>, _ place: String) -> [JSONValue.Member] {
        do {
            let bytes = try fileAccess.readFile(path.value)
            return ParamsFile(path: path.value).params(bytes, place, path.position, problems)
        } catch {
            problems.add(place, path.position, "\(error)")
            return []
        }
    }
}
