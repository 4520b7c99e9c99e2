// The reasons that a run must give for a stage that it executes: how it differs from the execution whose outputs were in
// force.

/// A reason without its old and new values.
struct ModelReason: Hashable, Comparable, CustomStringConvertible {
    let code: String
    let subject: String?
    init(_ code: String, _ subject: String? = nil) {
        self.code = code
        self.subject = subject
    }
    var description: String { subject.map { "\(code) \($0)" } ?? code }
    static func < (left: ModelReason, right: ModelReason) -> Bool { left.description < right.description }
}

struct ExpectedReasons {
    /// All of these must be given, and of their codes no others.
    var exactly: Set<ModelReason> = []
    /// Where not empty, at least one of these too.
    var oneOf: Set<ModelReason> = []

    /// Codes whose presence is compared. Of a forced stage only what forces it is.
    private var compared: Set<String> = []

    static let differences: Set<String> = [
        "never_ran", "command_changed", "input_changed", "input_added", "input_removed", "param_changed", "env_changed",
        "outputs_changed", "forced", "always",
    ]

    /// What is wrong with the reasons found; nil when nothing is.
    func complaint(about found: Set<ModelReason>) -> String? {
        let told = found.filter { compared.contains($0.code) }
        if told != exactly { return "the reasons are \(found.sorted()), the model's \(exactly.sorted())" }
        if !oneOf.isEmpty && oneOf.isDisjoint(with: found) {
            return "the reasons are \(found.sorted()), the model knows one of \(oneOf.sorted())"
        }
        return nil
    }
}

extension ExpectedReasons {
    /// Before `stage` is executed, with everything before it done.
    init(for stage: DraftStage, isForced: Bool, in oracle: Oracle) {
        if isForced || stage.template.isAlways {
            let code = isForced ? "forced" : "always"
            compared = [code]
            exactly.insert(ModelReason(code))
            return
        }
        compared = Self.differences
        let past = oracle.executions.filter { $0.stage == stage.name }
        guard let reference = oracle.inForce[stage.name].map({ oracle.executions[$0 - 1] }) else {
            if past.isEmpty {
                exactly.insert(ModelReason("never_ran"))
            } else {
                oneOf.insert(ModelReason("last_failed"))
            }
            return
        }
        let key = oracle.key(of: stage)
        compare(key, with: reference.key)
        for (path, text) in reference.discovered where oracle.disk[path] != text {
            exactly.insert(ModelReason(oracle.disk[path] == nil ? "input_removed" : "input_changed", path))
        }
        guard key == reference.key else { return }
        if past.last?.succeeded == false { oneOf.insert(ModelReason("last_failed")) }
        for (output, files) in reference.outputs where oracle.files(of: output) != files {
            let isMissing = oracle.files(of: output).isEmpty
            oneOf.insert(ModelReason(isMissing ? "output_missing" : "output_modified", output.path))
        }
    }

    private mutating func compare(_ key: ModelKey, with old: ModelKey) {
        if key.words != old.words || key.choosesShell != old.choosesShell {
            exactly.insert(ModelReason("command_changed"))
        }
        if key.level != old.level { exactly.insert(ModelReason("env_changed", StageProgram.levelVariable)) }
        for output in key.outputs.symmetricDifference(old.outputs) {
            exactly.insert(ModelReason("outputs_changed", output.path))
        }
        for name in Set(key.params.keys).union(old.params.keys) where key.params[name] != old.params[name] {
            exactly.insert(ModelReason("param_changed", name))
        }
        for path in Set(key.inputs.keys).union(old.inputs.keys) {
            switch (old.inputs[path], key.inputs[path]) {
            case (nil, _?): exactly.insert(ModelReason("input_added", path))
            case (_?, nil): exactly.insert(ModelReason("input_removed", path))
            case (let before, let now) where before != now: exactly.insert(ModelReason("input_changed", path))
            default: break
            }
        }
    }
}
