// Decodes one stage or the defaults. Knows keys and types; does not know other stages.

import JSON
import Model

struct StageDecoder {
    static let keys = [
        "description", "command", "shell", "workdir", "inputs", "outputs", "matrix", "include", "exclude", "needs",
        "params", "uses", "env", "pass_env", "resources", "retries", "timeout", "always", "frozen", "keep",
        "track_program",
        "track_imports", "depfile",
    ]

    let values: ValueDecoder
    let settings: SettingsDecoder
    let matrices: MatrixDecoder

    func stage(_ node: JSONNode, _ place: String, name: String, at position: JSONPosition) -> StageDocument {
        let stage = StageDocument()
        stage.name = name
        stage.position = position
        guard case .object = node.content else {
            values.wrongType(node, place, expected: "an object")
            stage.hasBrokenCommand = true
            return stage
        }
        values.fields(of: node, place, known: Self.keys) { take($0, place, into: stage) }
        return stage
    }

    private func take(_ member: JSONMember, _ place: String, into stage: StageDocument) -> Bool {
        let node = member.value
        func own() -> String { join(place, member.name) }
        switch member.name {
        case "description": stage.summary = values.text(node, own())
        case "command":
            stage.command = command(node, own())
            stage.hasBrokenCommand = stage.command == nil
        case "shell": stage.shell = shell(node, own())
        case "workdir": stage.workdir = values.located(node, own())
        case "inputs": stage.inputs = inputs(node, place)
        case "outputs": stage.outputs = outputs(node, place)
        case "matrix": matrices.matrix(node, own(), into: stage)
        case "include": stage.include = matrices.points(node, own())
        case "exclude": stage.exclude = matrices.points(node, own())
        case "needs": stage.needs = values.texts(node, own(), of: "stages")
        case "uses": stage.uses = values.texts(node, own(), of: "params")
        case "pass_env":
            let names = values.texts(node, own(), of: "variable names")
            for (index, name) in (names ?? []).enumerated() {
                settings.checkVariable(name.value, "\(own())[\(index)]", name.position)
            }
            stage.passedEnvironment = names?.map(\.value)
        case "always": stage.isAlways = values.flag(node, own())
        case "frozen": stage.isFrozen = values.flag(node, own())
        case "keep": stage.keep = values.wholeNumber(node, own())
        case "track_program": stage.tracksProgram = values.flag(node, own())
        case "track_imports": stage.tracksImports = values.flag(node, own())
        case "depfile": stage.depfile = values.located(node, own())
        default: return settings.take(member, place, into: &stage.settings)
        }
        return true
    }

    private func command(_ node: JSONNode, _ place: String) -> CommandDocument? {
        switch node.content {
        case .string(let text):
            if text.utf8.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") })
            {
                values.report(place, node.position, "the command is empty.")
            }
            return values.located(node, place).map { .shell($0) }
        case .array:
            guard let words = values.texts(node, place, of: "words") else { return nil }
            guard let program = words.first, !program.value.isEmpty else {
                if case .array([]) = node.content { values.report(place, node.position, "the command is empty.") }
                if words.first?.value.isEmpty == true {
                    values.report(place, node.position, "the program name is empty.")
                }
                return nil
            }
            return .argv(words)
        default:
            values.wrongType(node, place, expected: "a list of words or a string for the shell")
            return nil
        }
    }

    private func shell(_ node: JSONNode, _ place: String) -> Shell? {
        guard let words = values.texts(node, place, of: "words") else { return nil }
        guard words.first?.value.isEmpty == false else {
            if case .array(let elements) = node.content, elements.isEmpty || !words.isEmpty {
                values.report(
                    place, node.position,
                    "has no program; write the words that a script follows, such as [\"sh\", \"-c\"].")
            }
            return nil
        }
        return Shell(words: words.map(\.value))
    }

    private func inputs(_ node: JSONNode, _ place: String) -> InputList? {
        paths(node, place, "inputs") { node, own in
            var input = InputDocument(source: .path(""), mode: .content, position: node.position, place: own)
            let full = join(place, own)
            guard case .object = node.content else {
                guard let path = path(node, full) else { return nil }
                input.source = .path(path)
                return input
            }
            var (written, from, mode): (String?, String?, DigestMode?) = (nil, nil, nil)
            var isBroken = false
            values.fields(of: node, full, known: ["path", "from", "digest", "exclude"]) { member in
                let node = member.value
                switch member.name {
                case "path":
                    written = path(node, join(full, "path"))
                    isBroken = isBroken || written == nil
                case "from":
                    from = values.text(node, join(full, "from"))
                    isBroken = isBroken || from == nil
                case "digest": mode = digestMode(node, join(full, "digest"))
                case "exclude": input.exclude = values.texts(node, join(full, "exclude"), of: "patterns")
                default: return false
                }
                return true
            }
            input.mode = mode ?? .content
            switch (written, from) {
            case (let path?, nil): input.source = .path(path)
            case (nil, let from?):
                if mode != nil {
                    values.report(full, node.position, "'digest' cannot be combined with 'from'; set it on the output.")
                }
                input.source = .from(from)
            case (_?, _?):
                values.report(full, node.position, "must have 'path' or 'from', not both.")
                return nil
            case (nil, nil):
                if !isBroken { values.report(full, node.position, "must have 'path' or 'from'.") }
                return nil
            }
            return input
        }
    }

    private func outputs(_ node: JSONNode, _ place: String) -> OutputList? {
        paths(node, place, "outputs") { node, own in
            var output = OutputDocument(
                path: "", mode: .content, persistence: .no, isMetrics: false, isExternal: false,
                position: node.position, place: own)
            let full = join(place, own)
            guard case .object = node.content else {
                guard let path = path(node, full) else { return nil }
                output.path = path
                return output
            }
            var hasPath = false
            values.fields(of: node, full, known: ["path", "persist", "metrics", "external", "digest"]) { member in
                let node = member.value
                switch member.name {
                case "path":
                    hasPath = true
                    output.path = path(node, join(full, "path")) ?? ""
                case "persist": output.persistence = persistence(node, join(full, "persist")) ?? .no
                case "metrics": output.isMetrics = values.flag(node, join(full, "metrics")) ?? false
                case "external": output.isExternal = values.flag(node, join(full, "external")) ?? false
                case "digest": output.mode = digestMode(node, join(full, "digest")) ?? .content
                default: return false
                }
                return true
            }
            if !hasPath { values.report(full, node.position, "must have 'path'.") }
            return output.path.isEmpty ? nil : output
        }
    }

    /// An object that names items, or a list of paths, each its own name.
    private func paths<Item>(
        _ node: JSONNode, _ place: String, _ key: String, item: (JSONNode, _ place: String) -> Item?
    ) -> PathList<Item>? {
        let full = join(place, key)
        switch node.content {
        case .array(let elements):
            var seen: Set<String> = []
            let items: Named<Item> = elements.enumerated().compactMap { index, element in
                let own = "\(key)[\(index)]"
                guard case .string(let name) = element.content else {
                    values.wrongType(element, join(place, own), expected: "a path")
                    return nil
                }
                if !seen.insert(name).inserted {
                    values.report(join(place, own), element.position, "'\(name)' is listed twice.")
                    return nil
                }
                return item(element, own).map { (name, $0) }
            }
            return PathList(items: items)
        case .object:
            let items: Named<Item> = values.names(of: node, full).compactMap { member in
                if !isReference(member.name) {
                    values.report(
                        join(full, member.name), member.position,
                        "invalid name '\(member.name)': it must not be empty or contain whitespace, quotes or brackets."
                    )
                }
                return item(member.value, join(key, member.name)).map { (member.name, $0) }
            }
            return PathList(items: items)
        default:
            values.wrongType(node, full, expected: "an object of named paths or a list of paths")
            return nil
        }
    }

    private func path(_ node: JSONNode, _ place: String) -> String? {
        guard case .string = node.content else {
            values.wrongType(node, place, expected: "a path")
            return nil
        }
        guard let path = values.text(node, place) else { return nil }
        guard path.isEmpty else { return path }
        values.report(place, node.position, "the path is empty.")
        return nil
    }

    private func persistence(_ node: JSONNode, _ place: String) -> Persistence? {
        switch node.content {
        case .bool(let isPersistent): return isPersistent ? .sameKey : .no
        case .string("always"): return .always
        default:
            values.wrongType(node, place, expected: "true, false or \"always\"")
            return nil
        }
    }

    private func digestMode(_ node: JSONNode, _ place: String) -> DigestMode? {
        guard let text = values.text(node, place) else { return nil }
        if let mode = DigestMode(rawValue: text) { return mode }
        values.report(place, node.position, "'\(text)' must be \"content\" or \"metadata\".")
        return nil
    }
}
