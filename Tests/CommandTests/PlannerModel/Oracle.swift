// The independent model: what a run must do, from the design's rules on staleness alone, on a disk that is a
// dictionary. Knows drafts, contents and history; knows nothing of the program, its store or its digests.

struct ModelExecution {
    let id: Int
    let stage: String
    let key: ModelKey
    let succeeded: Bool
    /// The files of each output, of a success.
    let outputs: [ModelOutput: [String: String]]
    /// The files that it read without naming them, with their contents.
    let discovered: [String: String]
}

enum ModelVerdict: String {
    case run, fresh, restored, frozen, blocked
    case notSelected = "not_selected"
}

/// What a run is asked to do.
struct RunRequest {
    var targets: [String] = []
    var isForced = false
    var keepsGoing = true
    var restores = true
    var jobs = 1
    var overrides: [String: Int] = [:]
}

/// What a run that stopped at its first failure had begun by then: the attempts of each stage, and what was put back.
struct ObservedStart {
    var attempts: [String: Int]
    var restored: Set<String>
}

/// What a run did, or has to do.
struct ModelOutcome {
    var verdicts: [String: ModelVerdict] = [:]
    /// Attempts that failed, and that succeeded, of each stage that ran.
    var attempts: [String: (failed: Int, succeeded: Int)] = [:]
    var reasons: [String: ExpectedReasons] = [:]
    /// Stages that were to run or be restored, and those after them, where the run stopped early.
    var unstarted: Set<String> = []

    var isSuccess: Bool { !verdicts.values.contains(.blocked) && attempts.values.allSatisfy { $0.succeeded == 1 } }
}

struct Oracle {
    /// Contents by path: sources, scripts and outputs.
    var disk: [String: String] = [:]
    /// The version that each script was written with.
    var scriptVersions: [String: Int] = [:]
    var faults: [String: Fault] = [:]
    private(set) var executions: [ModelExecution] = []
    /// The execution that is responsible for what lies at an output's path.
    private var owner: [String: Int] = [:]
    /// The execution whose outputs are in force, by stage.
    private(set) var inForce: [String: Int] = [:]
    /// What was moved aside, by execution and output path.
    private var kept: [Int: [String: [String: String]]] = [:]
    /// The executions whose outputs were moved aside, in the order in which that happened last.
    private var movedAside: [Int] = []

    /// The files that count.
    func files(of output: ModelOutput) -> [String: String] { ModelPath.path(output.path).files(on: disk) }

    /// All files at an output's path.
    func contents(at path: String) -> [String: String] { disk.filter { ModelPath.path(path).holds($0.key) } }

    // MARK: Deciding

    func selection(_ stages: [DraftStage], _ request: RunRequest) -> (selected: Set<String>, forced: Set<String>) {
        let named = stages.filter { request.targets.contains($0.name) || request.targets.contains($0.template.name) }
        var selected = Set((request.targets.isEmpty ? stages : named).map(\.name))
        for stage in stages.reversed() where selected.contains(stage.name) { selected.formUnion(stage.predecessors) }
        return (selected, request.isForced ? Set(named.map(\.name)) : [])
    }

    /// The key, as far as the inputs that `isKnown` accepts determine it.
    func key(of stage: DraftStage, where isKnown: (ModelPath) -> Bool = { _ in true }) -> ModelKey {
        var inputs: [String: [String: String]] = [:]
        let seen = ModelLinks.followed(disk)
        for input in stage.inputs where isKnown(input) {
            let files = input.files(on: seen)
            if input.isGlob {
                for (path, text) in files { inputs[path] = [path: text] }
            } else {
                inputs[input.text] = files
            }
        }
        return ModelKey(
            form: stage.template.form, choosesShell: stage.template.choosesShell && stage.template.form.isString,
            words: stage.words, level: stage.template.level, params: stage.params,
            outputs: Set(stage.outputs), inputs: inputs)
    }

    /// The verdict on a stage whose predecessors are done, and the execution that is taken instead of running.
    func verdict(
        on stage: DraftStage, isForced: Bool, restores: Bool
    ) -> (verdict: ModelVerdict, source: ModelExecution?) {
        if stage.template.isFrozen {
            return (stage.outputs.allSatisfy { !files(of: $0).isEmpty } ? .frozen : .blocked, nil)
        }
        if isForced || stage.template.isAlways { return (.run, nil) }
        let key = key(of: stage)
        if stage.outputs.isEmpty {
            guard let newest = executions.last(where: { $0.stage == stage.name }) else { return (.run, nil) }
            return newest.succeeded && newest.key == key && holds(newest) ? (.fresh, newest) : (.run, nil)
        }
        let candidates = executions.reversed().filter { $0.succeeded && $0.key == key && holds($0) }
        if let match = candidates.first(where: isOnDisk) {
            return (.fresh, match)
        }
        if restores, let match = candidates.first(where: canBePutBack) { return (.restored, match) }
        return (.run, nil)
    }

    /// Whether each of its outputs is in place or kept: what was made can then be put together again.
    func canBePutBack(_ execution: ModelExecution) -> Bool {
        execution.outputs.allSatisfy { output, made in
            if files(of: output) == made { return true }
            guard let version = kept[execution.id]?[output.path] else { return false }
            return ModelPath.path(output.path).files(on: version) == made
        }
    }

    func isOnDisk(_ execution: ModelExecution) -> Bool {
        execution.outputs.allSatisfy { files(of: $0.key) == $0.value }
    }

    /// Whether it would read the same files with the same contents.
    func holds(_ execution: ModelExecution) -> Bool { execution.discovered.allSatisfy { disk[$0.key] == $0.value } }

    /// What a stage reads without naming it.
    func discoveries(of stage: DraftStage) -> [String: String] {
        var found: [String: String] = [:]
        for library in stage.template.libraries {
            for path in [library] + StageProgram.more(after: disk[library] ?? "") { found[path] = disk[path] }
        }
        return found
    }

    /// Paths that earlier versions of the pipeline made, that are as they were made, and that stages read which nobody
    /// makes them for any more.
    func leftovers(_ stages: [DraftStage], _ request: RunRequest) -> Set<String> {
        let selected = selection(stages, request).selected
        let inputs = stages.filter { selected.contains($0.name) && !$0.template.isFrozen }.flatMap(\.inputs)
        let declared = stages.flatMap(\.outputs).map(\.path)
        func overlap(_ one: String, _ other: String) -> Bool {
            one == other || one.hasPrefix(other + "/") || other.hasPrefix(one + "/")
        }
        var found: Set<String> = []
        for (path, id) in owner {
            guard let made = executions[id - 1].outputs.first(where: { $0.key.path == path }),
                executions[id - 1].succeeded,
                files(of: made.key) == made.value, !declared.contains(where: { overlap($0, path) }),
                inputs.contains(where: { $0.mayRead(made.key) })
            else { continue }
            found.insert(path)
        }
        return found
    }

    // MARK: Running

    /// Does what the run must do. Where `observed` is given, the run stopped at its first failure: which of the stages
    /// that were ready had begun by then is taken from what was seen.
    mutating func run(
        _ stages: [DraftStage], _ request: RunRequest, observed: ObservedStart? = nil
    ) -> ModelOutcome {
        let (selected, forced) = selection(stages, request)
        var outcome = ModelOutcome()
        var failed: Set<String> = []
        for stage in stages {
            guard selected.contains(stage.name) else {
                outcome.verdicts[stage.name] = .notSelected
                continue
            }
            if !stage.predecessors.isDisjoint(with: outcome.unstarted) {
                outcome.unstarted.insert(stage.name)
                continue
            }
            if stage.predecessors.contains(where: { failed.contains($0) || outcome.verdicts[$0] == .blocked }) {
                outcome.verdicts[stage.name] = .blocked
                continue
            }
            let isForced = forced.contains(stage.name)
            let (verdict, source) = verdict(on: stage, isForced: isForced, restores: request.restores)
            let begun: Bool =
                switch verdict {
                case .run: observed.map { $0.attempts[stage.name] != nil } ?? true
                case .restored: observed?.restored.contains(stage.name) ?? true
                default: true
                }
            guard begun else {
                outcome.unstarted.insert(stage.name)
                continue
            }
            outcome.verdicts[stage.name] = verdict
            if verdict == .restored, let source { putBack(source) }
            if let source { inForce[stage.name] = source.id }
            if verdict == .run {
                outcome.reasons[stage.name] = ExpectedReasons(for: stage, isForced: isForced, in: self)
                let attempts = execute(stage, isForced: isForced, atMost: observed?.attempts[stage.name])
                outcome.attempts[stage.name] = attempts
                if attempts.succeeded == 0 { failed.insert(stage.name) }
                // Another stage failed before its next attempt: it has no result, and who waits for it no verdict.
                let isCutShort = attempts.succeeded == 0 && attempts.failed <= stage.template.retries
                if isCutShort { outcome.unstarted.insert(stage.name) }
            }
        }
        return outcome
    }

    private mutating func execute(
        _ stage: DraftStage, isForced: Bool, atMost observed: Int?
    ) -> (failed: Int, succeeded: Int) {
        let limit = min(stage.template.retries + 1, observed ?? .max)
        for attempt in 0..<limit where attemptSucceeds(stage, beginsAnew: isForced && attempt == 0) {
            return (attempt, 1)
        }
        return (limit, 0)
    }

    private mutating func attemptSucceeds(_ stage: DraftStage, beginsAnew: Bool) -> Bool {
        let key = key(of: stage)
        let id = executions.count + 1
        let previous = executions.last { $0.stage == stage.name }
        for (output, declared) in zip(stage.outputs, stage.template.outputs) {
            let stays =
                switch declared.persistence {
                case .no: false
                // What it read without naming it must be as it was, too.
                case .sameKey: !beginsAnew && previous.map { $0.key == key && holds($0) } ?? false
                case .always: !beginsAnew && previous != nil
                }
            if !stays { moveAside(output.path) }
            owner[output.path] = id
        }
        let fault = faults[stage.name]
        if fault == .once { faults[stage.name] = nil }
        if fault == nil || fault == .after { write(stage, isRubbish: fault == .after) }
        // What persists is there even if the program does not write it.
        let succeeded = fault == nil || (fault == .missing && stage.outputs.allSatisfy { !files(of: $0).isEmpty })
        var outputs: [ModelOutput: [String: String]] = [:]
        // Such a fault comes before anything is read.
        let discovered = fault == .before || fault == .once ? [:] : discoveries(of: stage)
        if succeeded { for output in stage.outputs { outputs[output] = files(of: output) } }
        executions.append(
            ModelExecution(
                id: id, stage: stage.name, key: key, succeeded: succeeded, outputs: outputs,
                discovered: discovered))
        if succeeded {
            inForce[stage.name] = id
            prune(stage)
        }
        return succeeded
    }

    private mutating func write(_ stage: DraftStage, isRubbish: Bool) {
        let template = stage.template
        var read: [String: String]?
        let discovered = discoveries(of: stage)
        if !stage.reads.isEmpty || !discovered.isEmpty {
            read = discovered
            let seen = ModelLinks.followed(disk)
            for path in stage.reads { read?.merge(path.files(on: seen)) { $1 } }
        }
        let value =
            isRubbish
            ? "rubbish"
            : StageProgram.value(
                facts: ["\(template.salt)"] + stage.mentionedValues, modulus: template.modulus,
                version: template.form.hasScript ? "\(scriptVersions[template.name] ?? 0)" : "none",
                level: template.level.map { "\($0)" }, reads: read)
        for output in stage.outputs {
            let files =
                output.isFolder
                ? StageProgram.folder(label: template.name, path: output.path, value: value)
                : StageProgram.file(label: template.name, path: output.path, value: value)
            disk.merge(files) { $1 }
        }
    }

    // MARK: What is kept

    private mutating func moveAside(_ path: String) {
        let files = contents(at: path)
        guard !files.isEmpty, let execution = owner[path] else { return }
        kept[execution, default: [:]][path] = files
        movedAside.removeAll { $0 == execution }
        movedAside.append(execution)
        for file in files.keys { disk[file] = nil }
    }

    mutating func putBack(_ execution: ModelExecution) {
        for (output, made) in execution.outputs {
            if files(of: output) != made {
                moveAside(output.path)
                disk.merge(kept[execution.id]?[output.path] ?? made) { $1 }
                kept[execution.id]?[output.path] = nil
            }
            owner[output.path] = execution.id
        }
        if kept[execution.id]?.isEmpty ?? false { kept[execution.id] = nil }
    }

    /// After a success: of the versions that succeeded executions made, those stay that were in place last, as many as
    /// the stage keeps.
    private mutating func prune(_ stage: DraftStage) {
        let versions = movedAside.map { executions[$0 - 1] }.filter { $0.stage == stage.name && kept[$0.id] != nil }
        let staying = Set(versions.filter(\.succeeded).suffix(stage.template.keep ?? 1).map(\.id))
        for version in versions where !staying.contains(version.id) { kept[version.id] = nil }
    }
}
