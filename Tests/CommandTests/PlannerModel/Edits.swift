// What people do to a project between two runs. Each edit changes the model and says in a line what it did; nil where
// the draw had nothing to change.

extension Scene {
    /// One to three random edits, or none at all.
    mutating func edit() throws {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            for _ in 0..<10 {
                guard let line = try oneEdit() else { continue }
                note("  edit: \(line)")
                break
            }
        }
    }

    private mutating func oneEdit() throws -> String? {
        switch Int.random(in: 0..<25, using: &random) {
        case 0, 1, 2: return changeSource()
        case 3: return try touch()
        case 4: return deleteOutput()
        case 5: return deleteAllOutputs()
        case 6: return tamper()
        case 7, 8: return changeParam()
        case 9: return changeSalt()
        case 10: return changeScript()
        case 11: return random.oneIn(2) ? changeLevel() : changeShell()
        case 12: return addInput()
        case 13: return removeInput()
        case 14, 15: return breakStage()
        case 16, 17: return mendStage()
        case 18: return toggle()
        case 19: return changeWhatIsInNoKey()
        case 20: return changeLibraries()
        case 21: return random.oneIn(2) ? changeGlobbedFiles() : changeAxis()
        case 22: return changeNoise()
        case 23: return changeStore()
        default: return random.oneIn(2) ? goBack() : changeOutputs()
        }
    }

    private mutating func pickTemplate(_ isFit: (Draft.Template) -> Bool = { _ in true }) -> Int? {
        random.pick(draft.templates.indices.filter { isFit(draft.templates[$0]) })
    }

    private mutating func pickOutput() -> ModelOutput? {
        random.pick(draft.stages().flatMap(\.outputs).filter { !oracle.files(of: $0).isEmpty })
    }

    // MARK: Files

    private mutating func changeSource() -> String? {
        guard let path = random.pick(oracle.disk.keys.filter { $0.hasPrefix("src/") }.sorted()) else { return nil }
        oracle.disk[path] = Draft.content(path, &random)
        return "wrote \(path): \(oracle.disk[path] ?? "")".trimmed
    }

    /// What links lead to.
    private mutating func changeStore() -> String? {
        guard let path = random.pick(ModelLinks.files) else { return nil }
        oracle.disk[path] = Draft.content(path, &random)
        return "wrote \(path): \(oracle.disk[path] ?? "")".trimmed
    }

    /// What Python leaves in folders.
    private mutating func changeNoise() -> String? {
        let outputs = draft.stages().flatMap(\.outputs).filter { $0.isFolder && !oracle.files(of: $0).isEmpty }
        let folders = ["src/tree0", "src/tree1", "src/deep", ModelLinks.store].filter { folder in
            oracle.disk.keys.contains { $0.hasPrefix(folder + "/") }
        }
        guard let folder = random.pick(outputs.map(\.path) + folders) else { return nil }
        let path = "\(folder)/\(random.oneIn(2) ? "__pycache__/m.pyc" : "m.pyc")"
        oracle.disk[path] = Draft.content(path, &random)
        return "left \(path)"
    }

    private mutating func touch() throws -> String? {
        let settled = onDisk.filter { oracle.disk[$0.key] == $0.value }
        guard let path = random.pick(settled.keys.sorted()), let text = settled[path] else { return nil }
        try project.write(path, text)
        return "touched \(path)"
    }

    private mutating func changeGlobbedFiles() -> String? {
        let inputs = draft.templates.flatMap(\.inputs)
        guard let input = random.pick(inputs.filter { Draft.sourceFiles(of: $0).count == 3 }),
            case .glob(let folder, let fileExtension, let isDeep) = input.source
        else { return nil }
        let path = "\(folder)/\(isDeep && random.oneIn(2) ? "deeper/" : "")three.\(fileExtension)"
        if oracle.disk[path] == nil {
            oracle.disk[path] = Draft.content(path, &random)
            return "added \(path)"
        }
        oracle.disk[path] = nil
        return "removed \(path)"
    }

    private mutating func deleteOutput() -> String? {
        guard let output = pickOutput() else { return nil }
        for path in oracle.contents(at: output.path).keys { oracle.disk[path] = nil }
        return "deleted \(output.path)"
    }

    private mutating func deleteAllOutputs() -> String? {
        guard let index = pickTemplate({ !$0.outputs.isEmpty }) else { return nil }
        let folder = "out/\(draft.templates[index].name)"
        oracle.disk = oracle.disk.filter { !$0.key.hasPrefix(folder + "/") }
        return "deleted \(folder)"
    }

    private mutating func tamper() -> String? {
        guard let output = pickOutput() else { return nil }
        guard output.isFolder else {
            oracle.disk[output.path] = "tampered \(Int.random(in: 1...2, using: &random))\n"
            return "tampered with \(output.path)"
        }
        if random.oneIn(2) {
            oracle.disk["\(output.path)/stray"] = "stray\n"
            return "added \(output.path)/stray"
        }
        oracle.disk["\(output.path)/sub/part"] = "tampered\n"
        return "tampered with \(output.path)/sub/part"
    }

    // MARK: The pipeline

    private mutating func changeParam() -> String? {
        let value = Int.random(in: 1...3, using: &random)
        if random.oneIn(3), let index = pickTemplate({ !$0.declared.isEmpty }),
            let name = random.pick(draft.templates[index].declared.keys.sorted())
        {
            draft.templates[index].declared[name] = value
            return "\(draft.templates[index].name) declares \(name) = \(value)"
        }
        if random.oneIn(4), let axisValue = random.pick(draft.axis) {
            draft.overlay[axisValue] = draft.overlay[axisValue] == nil ? value + 3 : nil
            return
                "the axis puts \(Draft.overlayParam) = \(draft.overlay[axisValue].map(String.init) ?? "nothing") over \(axisValue)"
        }
        guard let name = random.pick(Draft.paramNames) else { return nil }
        draft.params[name] = value
        return "param \(name) = \(value)"
    }

    private mutating func changeSalt() -> String? {
        guard let index = pickTemplate() else { return nil }
        draft.templates[index].salt = Int.random(in: 1...3, using: &random)
        return "the command of \(draft.templates[index].name) says \(draft.templates[index].salt)"
    }

    private mutating func changeShell() -> String? {
        guard let index = pickTemplate(\.form.isString) else { return nil }
        draft.templates[index].choosesShell.toggle()
        return "\(draft.templates[index].name) runs in \(draft.templates[index].choosesShell ? "sh" : "bash")"
    }

    private mutating func changeScript() -> String? {
        guard let index = pickTemplate(\.form.hasScript) else { return nil }
        let version = Int.random(in: 1...3, using: &random)
        oracle.setScript(of: draft.templates[index], version: version)
        return "\(draft.templates[index].scriptPath) is version \(version)"
    }

    private mutating func changeLevel() -> String? {
        guard let index = pickTemplate() else { return nil }
        draft.templates[index].level = random.pick([nil, 1, 2]) ?? nil
        let level = draft.templates[index].level.map(String.init) ?? "none"
        return "the level of \(draft.templates[index].name) is \(level)"
    }

    private mutating func addInput() -> String? {
        guard let index = pickTemplate(),
            let input = draft.randomInput(for: draft.templates[index], &random)
        else { return nil }
        draft.templates[index].inputs.append(input)
        for path in Draft.sourceFiles(of: input) where oracle.disk[path] == nil {
            oracle.disk[path] = Draft.content(path, &random)
        }
        return "\(draft.templates[index].name) takes \(input)"
    }

    private mutating func changeLibraries() -> String? {
        guard let index = pickTemplate() else { return nil }
        let libraries = draft.randomLibraries(&random)
        draft.templates[index].libraries = libraries
        for path in libraries where oracle.disk[path] == nil { oracle.disk[path] = Draft.content(path, &random) }
        return "\(draft.templates[index].name) reads \(libraries) without naming them"
    }

    private mutating func removeInput() -> String? {
        guard let index = pickTemplate({ !$0.inputs.isEmpty }),
            let place = random.pick(draft.templates[index].inputs.indices)
        else { return nil }
        return "\(draft.templates[index].name) takes no more \(draft.templates[index].inputs.remove(at: place))"
    }

    /// Only where nothing is put back: what becomes of a path that is declared, dropped and declared again is open.
    private mutating func changeOutputs() -> String? {
        guard policy == .neverRestore,
            let index = pickTemplate({ !$0.outputs.isEmpty && !$0.isFrozen })
        else { return nil }
        let template = draft.templates[index]
        if let last = template.outputs.last, template.outputs.count > 1, !isTaken(last, of: template) {
            draft.templates[index].outputs.removeLast()
            return "\(template.name) makes no more \(last.name)"
        }
        guard template.outputs.count < 3 else { return nil }
        let output = Draft.Output(name: "o\(template.outputs.count)", isFolder: random.oneIn(4))
        draft.templates[index].outputs.append(output)
        return "\(template.name) makes \(output.name) too"
    }

    private func isTaken(_ output: Draft.Output, of template: Draft.Template) -> Bool {
        let path = Draft.path(of: output, in: template)
        return draft.templates.flatMap(\.inputs).contains { input in
            switch input.source {
            case .from(let name, let outputName): name == template.name && outputName == output.name
            case .path(let taken): taken == path || taken.hasPrefix(path + "/")
            case .glob: false
            }
        }
    }

    private mutating func changeAxis() -> String? {
        if draft.axis.count == 3 {
            draft.axis.removeLast()
            return "the axis has no c"
        }
        draft.axis.append("c")
        return "the axis has c too"
    }

    private mutating func toggle() -> String? {
        guard let index = pickTemplate() else { return nil }
        let name = draft.templates[index].name
        if draft.templates[index].isFrozen || (random.oneIn(3) && !draft.templates[index].isAlways) {
            draft.templates[index].isFrozen.toggle()
            return "\(name) is \(draft.templates[index].isFrozen ? "" : "not ")frozen"
        }
        draft.templates[index].isAlways = draft.templates[index].isAlways ? false : random.oneIn(3)
        return "\(name) \(draft.templates[index].isAlways ? "always runs" : "does not always run")"
    }

    private mutating func changeWhatIsInNoKey() -> String? {
        guard let index = pickTemplate() else { return nil }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: draft.templates[index].remark += 1
        case 4: draft.templates[index].hasHalfACPU.toggle()
        case 5 where !draft.templates[index].form.isString: draft.templates[index].choosesShell.toggle()
        case 7:
            if let place = random.pick(draft.templates[index].outputs.indices) {
                draft.templates[index].outputs[place].persistence = random.pick(Draft.Persistence.allCases) ?? .no
            }
        case 1: draft.templates[index].retries = Int.random(in: 0...1, using: &random)
        case 2: draft.fileOrder.shuffle(using: &random)
        case 6: draft.isReversed.toggle()
        default:
            let earlier = draft.templates[..<index].map(\.name)
            draft.templates[index].needs = random.pick(earlier).map { [$0] } ?? []
        }
        return "changed what is in no key of \(draft.templates[index].name)"
    }

    // MARK: Faults

    private mutating func breakStage() -> String? {
        guard let stage = random.pick(draft.stages()), let fault = random.pick(Fault.allCases) else { return nil }
        oracle.faults[stage.name] = fault
        return "broke \(stage.name): \(fault)"
    }

    private mutating func mendStage() -> String? {
        guard let name = random.pick(oracle.faults.keys.sorted()) else { return nil }
        oracle.faults[name] = nil
        return "mended \(name)"
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
