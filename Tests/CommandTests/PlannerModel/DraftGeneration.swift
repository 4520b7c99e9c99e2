// Random drafts. Knows which paths may be combined so that every draft is a valid pipeline.

import TestSupport

extension Draft {
    static let paramNames = ["p0", "g.p1", "g.deep.p2"]
    static let overlayParam = "g.p1"

    /// A valid pipeline of 3 to 14 stages, and the sources that it reads.
    static func random(_ random: inout SeededGenerator) -> (draft: Draft, sources: [String: String]) {
        var draft = Draft(params: [:], axis: ["a", "b"], overlay: [:], templates: [], fileOrder: [])
        for name in paramNames { draft.params[name] = Int.random(in: 1...3, using: &random) }
        if random.oneIn(2), let value = random.pick(draft.axis) {
            draft.overlay[value] = Int.random(in: 4...5, using: &random)
        }
        let wanted = Int.random(in: 3...14, using: &random)
        while draft.stageCount < wanted {
            let matrixFits = draft.stageCount + 2 <= wanted
            draft.addTemplate(isMatrix: matrixFits && random.oneIn(4), &random)
        }
        draft.fileOrder = draft.templates.indices.shuffled(using: &random)
        var sources: [String: String] = [:]
        sources[StageProgram.moreFile] = content(StageProgram.moreFile, &random)
        for template in draft.templates {
            for path in template.inputs.flatMap({ sourceFiles(of: $0) }) + template.libraries {
                sources[path] = content(path, &random)
            }
        }
        return (draft, sources)
    }

    var stageCount: Int { templates.reduce(0) { $0 + ($1.isMatrix ? axis.count : 1) } }

    /// One of few contents, so that edits often go back to an earlier one.
    static func content(_ path: String, _ random: inout SeededGenerator) -> String {
        "\(path) \(Int.random(in: 1...3, using: &random))\n"
    }

    /// The files that must be there for an input that no stage makes.
    static func sourceFiles(of input: Input) -> [String] {
        switch input.source {
        case .path(let path) where path.hasPrefix("src/tree"):
            ["\(path)/one", "\(path)/more/two", "\(path)/more/\(StageProgram.ignoredFile)"]
        case .path(let path) where path.hasPrefix("src/"): [path]
        case .glob(let folder, let fileExtension, let isDeep) where folder.hasPrefix("src/"):
            ["\(folder)/one.\(fileExtension)", "\(folder)/\(isDeep ? "more/" : "")two.\(fileExtension)"]
                + ["\(folder)/\(StageProgram.ignoredFile)"]
        default: []
        }
    }

    private mutating func addTemplate(isMatrix: Bool, _ random: inout SeededGenerator) {
        let name = "s\(templates.count)"
        var template = Template(
            name: name, form: random.pick(Form.allCases) ?? .inline,
            modulus: random.oneIn(2) ? 0 : Int.random(in: 2...3, using: &random),
            salt: Int.random(in: 1...3, using: &random),
            inputs: [], outputs: [], mentioned: [], declared: [:], needs: [])
        if isMatrix { template.matrix = random.oneIn(2) ? .axis : .own }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            if let input = randomInput(for: template, &random) { template.inputs.append(input) }
        }
        if !random.oneIn(6) {
            for number in 0..<(random.oneIn(3) ? Int.random(in: 2...3, using: &random) : 1) {
                var output = Output(name: "o\(number)", isFolder: random.oneIn(4))
                if random.oneIn(6) { output.persistence = random.oneIn(2) ? .sameKey : .always }
                template.outputs.append(output)
            }
        }
        template.mentioned = Self.paramNames.filter { _ in random.oneIn(3) }
        if template.matrix == .axis && !template.mentioned.contains(Self.overlayParam) {
            template.mentioned.append(Self.overlayParam)
        }
        if random.oneIn(4), let param = random.pick(["p0", "g.deep.p2"]) {
            template.declared[param] = Int.random(in: 1...3, using: &random)
        }
        if random.oneIn(3) { template.libraries = randomLibraries(&random) }
        if random.oneIn(4) { template.level = Int.random(in: 1...2, using: &random) }
        if random.oneIn(6), let earlier = random.pick(templates) { template.needs = [earlier.name] }
        template.isAlways = random.oneIn(20)
        if random.oneIn(8) { template.retries = Int.random(in: 1...2, using: &random) }
        templates.append(template)
    }

    func randomLibraries(_ random: inout SeededGenerator) -> [String] {
        (0..<3).filter { _ in random.oneIn(2) }.map { "src/library\($0).txt" }
    }

    /// Something to read that comes before `template`; nil where the draw had nothing to offer.
    func randomInput(for template: Template, _ random: inout SeededGenerator) -> Input? {
        let names = Set(template.inputs.map(\.name))
        guard let name = (0..<8).map({ "i\($0)" }).first(where: { !names.contains($0) }),
            let source = random.oneIn(3) ? randomSource(&random) : randomUpstream(for: template, &random),
            !template.inputs.contains(where: { $0.source == source })
        else { return nil }
        return Input(name: name, source: source, isRead: !random.oneIn(5))
    }

    private func randomSource(_ random: inout SeededGenerator) -> Source {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .path("src/tree\(Int.random(in: 0..<2, using: &random))")
        case 1: .glob(folder: "src/flat", fileExtension: "csv", isDeep: false)
        case 2: .glob(folder: "src/deep", fileExtension: "csv", isDeep: true)
        default: .path("src/file\(Int.random(in: 0..<4, using: &random)).txt")
        }
    }

    private func randomUpstream(for template: Template, _ random: inout SeededGenerator) -> Source? {
        let earlier = templates.prefix { $0.name != template.name }
        // The nearest few more often than the others: deep graphs as well as wide ones.
        let producers = (random.oneIn(2) ? earlier.suffix(3) : earlier[...]).filter { !$0.outputs.isEmpty }
        guard let producer = random.pick(producers), let output = random.pick(producer.outputs) else { return nil }
        let folder = "out/\(producer.name)"
        let path = Self.path(of: output, in: producer)
        let canNamePath = !producer.isMatrix || template.isMatrix
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .path(folder)
        case 1 where producer.outputs.contains { !$0.isFolder }:
            return .glob(folder: folder, fileExtension: "txt", isDeep: false)
        case 2 where output.isFolder && canNamePath: return .path("\(path)/part")
        case 3 where canNamePath, 4 where canNamePath: return .path(path)
        default: return .from(template: producer.name, output: output.name)
        }
    }
}
