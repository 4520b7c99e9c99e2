// Finishes drafts: renders commands and variables, and finds the program. Knows paths and the project's files; does not
// know edges.

import JSON
import Model

struct StageBuilder {
    let outputs: OutputIndex
    let problems: ProblemList
    private let isFile: @Sendable (String) -> Bool
    private var files: [String: Bool] = [:]
    /// The stages that write them.
    private var depfiles: [String: String] = [:]

    init(outputs: OutputIndex, isFile: @escaping @Sendable (String) -> Bool, problems: ProblemList) {
        self.outputs = outputs
        self.isFile = isFile
        self.problems = problems
    }

    /// The finished stage; adds the program to the draft's inputs. Nil if it has no command.
    mutating func stage(_ draft: Draft) -> Stage? {
        let document = draft.document
        offerPaths(to: draft)
        guard let written = document.command else { return nil }
        let command = self.command(written, document.place, by: &draft.renderer)
        let environment = self.environment(of: draft, by: &draft.renderer)
        let lateTemplates = draft.renderer.lateTemplates
        let params = self.params(of: draft)
        refuseAmbiguousExclusions(draft)
        let passed = Set(document.passedEnvironment ?? []).subtracting(draft.settings.env.keys)
        var shell: Shell?
        if case .shell = command { shell = document.shell }
        var stage = Stage(
            name: draft.name, template: document.name, summary: document.summary, command: command, shell: shell,
            workingDirectory: draft.workdir, environment: environment, passedEnvironment: passed.sorted(),
            params: params.flat, nestedParams: params.nested,
            keyForm: keyForm(written, of: draft, command, environment), outputs: draft.outputs.map(\.output),
            resources: draft.settings.resources.request, retries: draft.settings.retries.policy,
            timeoutSeconds: draft.settings.timeoutSeconds, isAlways: document.isAlways ?? false,
            isFrozen: document.isFrozen ?? false, keep: document.keep ?? 1,
            lateTemplates: lateTemplates)
        // What late templates stand for names no program.
        let words = CommandWords(stage.rendered { _ in [] }.command)
        if document.tracksProgram ?? true { trackFiles(of: words, draft) }
        stage.inputs = draft.inputs.map(\.input)
        stage.discovery = InputDiscovery(
            followsImports: document.tracksImports ?? true, startsPython: words.startsPython,
            depfile: document.depfile.flatMap { depfile($0, of: draft) },
            ignoredPrograms: document.tracksProgram ?? true
                ? [] : words.programs.map { word in cleaned(draft.workdir.map { "\($0)/\(word)" } ?? word) })
        return stage
    }

    /// A path has one digest for a stage.
    private func refuseAmbiguousExclusions(_ draft: Draft) {
        guard draft.inputs.contains(where: { $0.input.exclusions != .standard }) else { return }
        var first: [String: Input] = [:]
        for input in draft.inputs {
            let other = first[input.input.path]
            first[input.input.path] = other ?? input.input
            guard let other, other.exclusions != input.input.exclusions else { continue }
            problems.add(
                input.place, input.position, stage: draft.name,
                "the input '\(other.name)' has the same path with another 'exclude'; use the same for both.")
        }
    }

    /// Lets the command and variables use inputs and outputs, relative to the folder in which the command runs.
    private func offerPaths(to draft: Draft) {
        var inputs: [String: [String]] = [:]
        for input in draft.inputs {
            inputs[input.input.name, default: []].append(relative(input.input.path, to: draft.workdir))
        }
        var outputs: [String: [String]] = [:]
        for output in draft.outputs { outputs[output.output.name] = [relative(output.output.path, to: draft.workdir)] }
        draft.renderer.inputs = inputs
        draft.renderer.outputs = outputs
        draft.renderer.patterns = Set(draft.inputs.filter(\.input.isGlob).map(\.input.name))
        draft.renderer.resources = draft.settings.resources.request
        draft.renderer.knownInputs = draft.document.inputs?.items.map(\.name) ?? []
        draft.renderer.knownOutputs = draft.document.outputs?.items.map(\.name) ?? []
    }

    private func command(
        _ written: CommandDocument, _ place: String, by renderer: inout Renderer
    ) -> Command {
        switch written {
        case .shell(let text): return .shell(renderer.shell(text, place + ".command"))
        case .argv(let words):
            var expanded: [String] = []
            for (position, word) in words.enumerated() {
                expanded += renderer.argument(word, at: expanded.count, "\(place).command[\(position)]")
            }
            return .argv(expanded)
        }
    }

    private func environment(of draft: Draft, by renderer: inout Renderer) -> [EnvironmentVariable] {
        draft.settings.env.sorted { $0.key < $1.key }.map { name, setting in
            EnvironmentVariable(name: name, value: renderer.variable(name, setting.text, setting.place))
        }
    }

    /// Both again with canonical values, if any value is written otherwise.
    private func keyForm(
        _ written: CommandDocument, of draft: Draft, _ command: Command, _ environment: [EnvironmentVariable]
    ) -> KeyForm? {
        guard draft.renderer.hasKeyForm else { return nil }
        var renderer = draft.renderer
        renderer.isForKey = true
        let form = KeyForm(
            command: self.command(written, draft.place, by: &renderer),
            environment: self.environment(of: draft, by: &renderer))
        return form.command == command && form.environment == environment ? nil : form
    }

    /// Declared and used params, and the matrix values: by path, and nested if any is.
    private func params(of draft: Draft) -> (flat: [Param], nested: JSONValue?) {
        let renderer = draft.renderer
        let uses = draft.document.uses ?? []
        for (position, name) in uses.enumerated() where !renderer.knows(name.value) {
            let hint = suggestion(for: name.value, among: renderer.params.paths)
            problems.add(
                "\(draft.place).uses[\(position)]", name.position, stage: draft.name,
                "unknown param '\(name.value)'; \(hint)")
        }
        if uses.isEmpty, renderer.used.isEmpty, renderer.point.isEmpty, !renderer.usesAllParams,
            draft.document.settings.params.isEmpty
        {
            return ([], nil)
        }
        let leaves = renderer.leaves(
            at: renderer.used.union(uses.map(\.value)), declared: draft.document.declaredParams)
        var named: [String: ParamTree.Leaf] = [:]
        for leaf in leaves { named[leaf.name] = leaf }
        let sorted = named.sorted { $0.key < $1.key }
        let isNested = sorted.contains { $0.value.keys.count > 1 }
        return (
            sorted.map { Param(name: $0.key, value: $0.value.value) },
            isNested ? ParamTree.object(of: sorted.map(\.value)) : nil
        )
    }

    /// Its path, relative to the pipeline's folder. It is written as the command names it: relative to the folder in
    /// which that runs.
    private mutating func depfile(_ written: Located<String>, of draft: Draft) -> String? {
        let place = draft.place + ".depfile"
        let own = draft.renderer.path(written, place)
        guard !own.isEmpty else {
            problems.add(place, written.position, stage: draft.name, "the path is empty.")
            return nil
        }
        let path = own.hasPrefix("/") ? cleaned(own) : cleaned(draft.workdir.map { "\($0)/\(own)" } ?? own)
        func refuse(_ why: String) -> String? {
            problems.add(place, written.position, stage: draft.name, "'\(path)' \(why).")
            return nil
        }
        if path == "." || leavesFolder(path) { return refuse("must be a relative path inside the pipeline's folder") }
        if path == ".runs" || path.hasPrefix(".runs/") {
            return refuse("is inside '.runs', which is reserved for runs itself")
        }
        if draft.inputs.contains(where: { $0.input.path == path }) {
            return refuse("is an input too; the depfile is a file that the stage writes")
        }
        if let other = depfiles.updateValue(draft.name, forKey: path) {
            return refuse("is the depfile of stage '\(other)' too; each stage needs its own")
        }
        return path
    }

    private mutating func trackFiles(of words: CommandWords, _ draft: Draft) {
        let patterns = draft.inputs.filter(\.input.isGlob).map { (GlobPattern($0.input.path), InsideFilter($0.input)) }
        let made = Set(draft.outputs.map(\.output.path))
        let read = Dictionary(
            draft.inputs.filter { !$0.input.isGlob }.map { ($0.input.path, $0.input) },
            uniquingKeysWith: { first, _ in first })
        func isCovered(_ path: String) -> Bool {
            if made.contains(path) || read[path] != nil { return true }
            let isInside = folders(above: path).contains { folder in
                made.contains(folder) || read[folder].map { InsideFilter($0)?.omits(path) != true } ?? false
            }
            return isInside || patterns.contains { $0.matches(path) && $1?.omits(path) != true }
        }
        func path(of word: String) -> String? {
            guard !word.isEmpty, !word.hasPrefix("-"), !word.hasPrefix("/") else { return nil }
            let path = cleaned(draft.workdir.map { "\($0)/\(word)" } ?? word)
            let isOurs = path != "." && !leavesFolder(path) && !path.hasPrefix(".runs/")
            return isOurs && !isCovered(path) ? path : nil
        }
        var tracked: String?
        for program in words.programs.compactMap(path(of:))
        where tracked == nil && (outputs.holder(of: program) != nil || isProjectFile(program)) {
            let input = Input(name: "program", path: program)
            draft.inputs.append(
                DraftInput(input: input, position: draft.document.position, place: draft.place + ".command"))
            tracked = program
        }
        for word in words.all {
            guard let path = path(of: word), path != tracked, isProjectFile(path) else { continue }
            problems.warn(
                draft.place, stage: draft.name,
                "the command uses the file '\(path)', which is neither an input nor an output, so changes to it are "
                    + "not detected; add it to \"inputs\".")
        }
    }

    private mutating func isProjectFile(_ path: String) -> Bool {
        if let known = files[path] { return known }
        let answer = isFile(path)
        files[path] = answer
        return answer
    }
}
