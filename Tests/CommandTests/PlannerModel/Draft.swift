// A random pipeline as its author thinks of it: templates with inputs, outputs, params, an axis. Knows how it is
// written as pipeline.json, in an order of its own; what its stages are is known to `DraftStage`.

struct Draft: Equatable {
    /// Pipeline-wide params, by their paths.
    var params: [String: Int]
    /// Whether the keys of objects of params are written in reverse, which is nothing to a stage.
    var isReversed = false
    /// The values of the one axis, `k`.
    var axis: [String]
    /// What a value of the axis puts over the pipeline's params: only ever `overlayParam`, which no such stage
    /// declares itself. It lies in an object, of which the rest stays.
    var overlay: [String: Int]
    /// In dependency order.
    var templates: [Template]
    /// The order in the file: any.
    var fileOrder: [Int]

    struct Template: Equatable {
        var name: String
        var matrix: Matrix = .none
        var form: Form
        /// 0: the outputs tell every change. Otherwise they are one of this many, so that changes often cut off early.
        var modulus: Int
        var salt: Int
        var inputs: [Input]
        var outputs: [Output]
        /// Params in the words of the command.
        var mentioned: [String]
        var declared: [String: Int]
        var level: Int?
        /// Files that it reads and reports, without naming them as inputs.
        var libraries: [String] = []
        var needs: [String]
        var isAlways = false
        var isFrozen = false
        var retries = 0
        var keep: Int?
        /// Not in the key, though the environment has it in a late template.
        var hasHalfACPU = false
        /// In the key where the command is a string.
        var choosesShell = false
        /// Changes what is not part of a key: the description, the timeout.
        var remark = 0

        var scriptPath: String { "scripts/\(name).sh" }
        var isMatrix: Bool { matrix != .none }
    }

    enum Matrix: Equatable {
        case none
        /// `["k"]`, with the overlay of the axis.
        case axis
        /// `{"k": […]}`, of its own.
        case own
    }

    /// How the command is written.
    enum Form: CaseIterable {
        /// `["sh", "scripts/NAME.sh", …]`: the script is an input.
        case script
        /// The same with `"track_program": false`.
        case untrackedScript
        /// `"sh scripts/NAME.sh …"`: the script is an input.
        case line
        /// The whole program as a shell string.
        case inline

        var hasScript: Bool { self != .inline }
        var isString: Bool { self == .line || self == .inline }
        var tracksScript: Bool { self == .script || self == .line }
    }

    struct Input: Equatable {
        var name: String
        var source: Source
        /// Whether the command names it. Otherwise it is in the key, and the outputs do not depend on it.
        var isRead: Bool
    }

    enum Source: Equatable {
        /// A file or folder; `{k}` stands for the stage's value of the axis.
        case path(String)
        /// `FOLDER/*.EXTENSION`, or `FOLDER/**/*.EXTENSION`.
        case glob(folder: String, fileExtension: String, isDeep: Bool)
        case from(template: String, output: String)
    }

    struct Output: Equatable {
        var name: String
        var isFolder: Bool
        var persistence = Persistence.no
    }

    /// When an output is left in place for the next execution.
    enum Persistence: String, CaseIterable {
        case no = "false"
        case sameKey = "true"
        case always = "\"always\""
    }

    func template(_ name: String) -> Template? { templates.first { $0.name == name } }

    /// `out/s3/o0.txt`, `out/s3/o0-{k}.txt`, `out/s3/o0`.
    static func path(of output: Output, in template: Template) -> String {
        "out/\(template.name)/\(output.name)\(template.isMatrix ? "-{k}" : "")\(output.isFolder ? "" : ".txt")"
    }

    static func pattern(_ folder: String, _ fileExtension: String, _ isDeep: Bool) -> String {
        "\(folder)/\(isDeep ? "**/" : "")*.\(fileExtension)"
    }

    // MARK: The words of a command

    /// The words after the program; `value` says what stands for a param, an output, an input.
    func words(
        of template: Template, param: (String) -> String, output: (Output) -> String, input: (Input) -> [String]
    ) -> [String] {
        var words = [template.name, "\(template.modulus)", "\(template.salt)"]
        words += ["-p"] + template.mentioned.map(param)
        words += ["-o"] + template.outputs.filter { !$0.isFolder }.map(output)
        words += ["-d"] + template.outputs.filter(\.isFolder).map(output)
        words += ["-l"] + template.libraries
        words += ["-i"] + template.inputs.filter(\.isRead).flatMap(input)
        return words
    }

    // MARK: pipeline.json

    var pipelineText: String { pipelineText(program: StageProgram.body) }

    /// The same with the shell program left out, which every reader of a failure knows.
    var shortPipelineText: String { pipelineText(program: "…") }

    private func pipelineText(program: String) -> String {
        let axisValues = axis.map { value in
            let over = overlay[value].map { "{\"params\": \(nested([Self.overlayParam: $0]))}" } ?? "{}"
            return "\(quoted(value)): \(over)"
        }
        let stages = fileOrder.map { index -> String in
            let fields = fields(of: templates[index], program).joined(separator: ",\n      ")
            return "    \(quoted(templates[index].name)): {\n      \(fields)\n    }"
        }
        return """
            {
              "name": "random",
              "axes": {"k": {\(axisValues.joined(separator: ", "))}},
              "params": \(nested(params)),
              "stages": {
            \(stages.joined(separator: ",\n"))
              }
            }

            """
    }

    private func fields(of template: Template, _ program: String) -> [String] {
        let words = words(
            of: template, param: { "${{ params.\($0) }}" }, output: { "${{ outputs.\($0.name) }}" },
            input: { ["${{ inputs.\($0.name) }}"] })
        var fields: [String] = []
        switch template.form {
        case .script, .untrackedScript:
            fields.append("\"command\": \(array(["sh", template.scriptPath] + words))")
        case .line:
            fields.append("\"command\": \(quoted("sh \(template.scriptPath) " + words.joined(separator: " ")))")
        case .inline:
            let text = "set -- \(words.joined(separator: " "))\nversion=none\n\(program)"
            fields.append("\"command\": \(quoted(text))")
        }
        if template.form == .untrackedScript { fields.append("\"track_program\": false") }
        switch template.matrix {
        case .none: break
        case .axis: fields.append("\"matrix\": [\"k\"]")
        case .own: fields.append("\"matrix\": {\"k\": \(array(axis))}")
        }
        if !template.inputs.isEmpty {
            var inputs: [String: String] = [:]
            for input in template.inputs {
                switch input.source {
                case .path(ModelNoise.excludingFolder):
                    let exclude = array(ModelNoise.exclude)
                    inputs[input.name] = "{\"path\": \(quoted(ModelNoise.excludingFolder)), \"exclude\": \(exclude)}"
                case .path(let path): inputs[input.name] = quoted(withMatrixTemplate(path))
                case .glob(let folder, let fileExtension, let isDeep):
                    inputs[input.name] = quoted(Self.pattern(folder, fileExtension, isDeep))
                case .from(let producer, let output):
                    inputs[input.name] = "{\"from\": \(quoted("\(producer).\(output)"))}"
                }
            }
            fields.append("\"inputs\": \(object(inputs))")
        }
        if !template.outputs.isEmpty {
            var outputs: [String: String] = [:]
            for output in template.outputs {
                let path = quoted(withMatrixTemplate(Self.path(of: output, in: template)))
                outputs[output.name] =
                    output.persistence == .no
                    ? path : "{\"path\": \(path), \"persist\": \(output.persistence.rawValue)}"
            }
            fields.append("\"outputs\": \(object(outputs))")
        }
        if !template.declared.isEmpty {
            fields.append("\"params\": \(nested(template.declared))")
        }
        var variables = ["PROPERTY_CPUS": quoted("${{ resources.cpus }}")]
        if let level = template.level { variables[StageProgram.levelVariable] = quoted("\(level)") }
        fields.append("\"env\": \(object(variables))")
        if template.hasHalfACPU { fields.append("\"resources\": {\"cpus\": 0.5}") }
        if template.choosesShell { fields.append("\"shell\": [\"sh\", \"-c\"]") }
        if !template.needs.isEmpty { fields.append("\"needs\": \(array(template.needs))") }
        if template.isAlways { fields.append("\"always\": true") }
        if template.isFrozen { fields.append("\"frozen\": true") }
        if template.retries > 0 { fields.append("\"retries\": \(template.retries)") }
        if let keep = template.keep { fields.append("\"keep\": \(keep)") }
        if template.remark > 0 {
            fields.append("\"description\": \(quoted("remark \(template.remark)"))")
            fields.append("\"timeout\": \(quoted("\(template.remark)h"))")
        }
        return fields
    }

    /// Params as objects inside objects.
    private func nested(_ values: [String: Int]) -> String {
        func object(_ values: [(path: ArraySlice<Substring>, value: Int)]) -> String {
            let groups = Dictionary(grouping: values) { $0.path.first ?? "" }.sorted { $0.key < $1.key }
            let members = (isReversed ? groups.reversed() : groups).map { name, group in
                let inner = group.map { ($0.path.dropFirst(), $0.value) }
                let value = inner[0].0.isEmpty ? Self.number(inner[0].1) : object(inner)
                return "\(quoted(String(name))): \(value)"
            }
            return "{\(members.joined(separator: ", "))}"
        }
        return object(values.map { ($0.key.split(separator: ".")[...], $0.value) })
    }

    /// A param's value: an integer that differs from others where a double does not.
    static func number(_ value: Int) -> String { "1844674407370955161\(value)" }

    private func withMatrixTemplate(_ path: String) -> String { path.replacing("{k}", with: "${{ matrix.k }}") }

    private func array(_ texts: [String]) -> String { "[\(texts.map(quoted).joined(separator: ", "))]" }

    private func object(_ values: [String: String]) -> String {
        "{\(values.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \($0.value)" }.joined(separator: ", "))}"
    }

    private func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
    }
}
