// Replaces `${{ … }}` for one stage. Knows the stage's values and whether a shell reads the text; does not know what
// the text is for.

import JSON
import Model

struct Renderer {
    let stageName: String
    let point: Named<AxisValue>
    /// The stage's params. A matrix value overrides a param of the same name.
    let params: ParamTree
    let problems: ProblemList
    /// Paths by name; nil while the paths themselves are rendered.
    var inputs: [String: [String]]?
    var outputs: [String: [String]]?
    /// All declared names, also those without paths because of a mistake.
    var knownInputs: [String] = []
    var knownOutputs: [String] = []
    /// The inputs that are patterns: what matches is known when the stage starts.
    var patterns: Set<String> = []
    /// What the stage requests.
    var resources = ResourceRequest()
    /// What is left to be replaced when the stage starts, in the order of its command and its variables.
    private(set) var lateTemplates: [LateTemplate] = []
    /// The paths of params that were used so far.
    private(set) var used: Set<String> = []
    private(set) var usesAllParams = false
    /// Whether values are written in canonical form, for the key.
    var isForKey = false
    /// Whether a value was used that the canonical form writes differently.
    private(set) var hasKeyForm = false

    init(stageName: String, point: Named<AxisValue>, params: ParamTree, problems: ProblemList) {
        self.stageName = stageName
        self.point = point
        self.params = params
        self.problems = problems
    }

    /// The params at and below these paths, and the matrix values.
    func leaves(at paths: some Sequence<String>, declared: [String]) -> [ParamTree.Leaf] {
        var found = paths.flatMap(params.leaves(at:)) + declared.flatMap(params.leaves(atOrAbove:))
        if usesAllParams { found = params.leaves }
        found.removeAll { leaf in point.contains { $0.name == leaf.keys[0] } }
        return found + point.map { ParamTree.Leaf(keys: [$0.name], value: $0.value.value) }
    }

    /// Every param and matrix value, sorted by name at the top.
    private var allParams: JSONValue {
        var members = params.members
        for (name, value) in point { members[name] = value.value }
        return .object(members.sorted { $0.key < $1.key }.map { JSONValue.Member(name: $0.key, value: $0.value) })
    }

    func knows(_ path: String) -> Bool { value(at: path) != nil }

    /// The param or matrix value of that path.
    private func value(at path: String) -> JSONValue? {
        if let found = point.first(where: { $0.name == path }) { return found.value.value }
        // A matrix value hides the objects of its name.
        if !point.isEmpty, let dot = path.firstIndex(of: "."), point.contains(where: { $0.name == path[..<dot] }) {
            return nil
        }
        return params.value(at: path)
    }

    /// A string as it is, anything else as JSON.
    private mutating func rendered(_ value: JSONValue) -> String {
        switch value {
        case .string(let bare): return bare
        case .null, .bool: return value.text
        case .number, .array, .object:
            let (written, canonical) = (value.text, value.canonicalText)
            if written != canonical { hasKeyForm = true }
            return isForKey ? canonical : written
        }
    }

    /// What an expression stands for.
    private enum Value {
        case words([String])
        case late(LateValue)
    }

    /// A path, or a folder.
    mutating func path(_ text: Located<String>, _ place: @autoclosure () -> String) -> String {
        bare(text, variable: nil, place())
    }

    /// The value of a variable.
    mutating func variable(_ name: String, _ text: Located<String>, _ place: @autoclosure () -> String) -> String {
        bare(text, variable: name, place())
    }

    /// Text that no shell reads. A list is joined by spaces.
    private mutating func bare(
        _ text: Located<String>, variable: String?, _ place: @autoclosure () -> String
    ) -> String {
        var result = ""
        for segment in segments(of: text, place()) {
            switch segment {
            case .text(let text): result += text
            case .value(let expression):
                switch value(of: expression, text, place()) {
                case .words(let words)?: result += words.joined(separator: " ")
                case .late(let value)?:
                    guard let variable else {
                        problems.add(
                            place(), text.position,
                            "'${{ \(expression) }}' cannot be used in a path: its value is known when the stage starts."
                        )
                        continue
                    }
                    result += note(value, expression, .variable(variable), after: result)
                case nil: continue
                }
            }
        }
        return result
    }

    /// One word of an argv, or several if the whole word is a list.
    ///
    /// - Parameter position: its place in the expanded argv.
    mutating func argument(
        _ text: Located<String>, at position: Int, _ place: @autoclosure () -> String
    ) -> [String] {
        let segments = segments(of: text, place())
        if segments.count == 1, case .value(let expression) = segments[0] {
            switch value(of: expression, text, place()) {
            case .words(let words)?: return words
            case .late(let value)?: return [note(value, expression, .word(position), after: "")]
            case nil: return []
            }
        }
        var result = ""
        for segment in segments {
            switch segment {
            case .text(let text): result += text
            case .value(let expression):
                let words: [String]
                switch value(of: expression, text, place()) {
                case .words(let found)?: words = found
                case .late(let value)?:
                    if value.isList {
                        problems.add(
                            place(), text.position, stage: stageName,
                            "'${{ \(expression) }}' is the matches of a pattern; use it as a word of its own, which "
                                + "becomes several words.")
                    }
                    result += note(value, expression, .word(position), after: result)
                    continue
                case nil: continue
                }
                if words.count > 1 {
                    problems.add(
                        place(), text.position, stage: stageName,
                        "'${{ \(expression) }}' is a list of \(words.count); use it as a word of its own, which "
                            + "becomes several words.")
                }
                result += words.joined(separator: " ")
            }
        }
        return [result]
    }

    mutating func shell(_ text: Located<String>, _ place: @autoclosure () -> String) -> String {
        var shell = ShellText()
        for segment in segments(of: text, place()) {
            switch segment {
            case .text(let text): shell.append(text)
            case .value(let expression):
                let reason: String?
                switch (expression, value(of: expression, text, place())) {
                case (_, nil): continue
                case (.raw, .words(let words)?):
                    shell.append(words.joined(separator: " "))
                    continue
                case (_, .words(let words)?): reason = shell.append(words: words)
                case (_, .late(let value)?):
                    let written = note(value, expression, .shellText, after: shell.text)
                    if case .raw = expression { reason = nil } else { reason = shell.whyNot(isList: value.isList) }
                    shell.append(late: written)
                }
                if let reason {
                    problems.add(
                        place(), text.position, stage: stageName,
                        "'${{ \(expression) }}' \(reason). Use it outside of quotes, where it is quoted as needed, "
                            + "or write '${{ raw(\(expression)) }}' to insert it unquoted.")
                }
            }
        }
        return shell.text
    }

    /// The template as it is kept until the stage starts.
    private mutating func note(
        _ value: LateValue, _ expression: Template.Expression, _ place: LateTemplate.Place, after text: String
    ) -> String {
        let written = "${{ \(expression) }}"
        var isQuoted = place == .shellText
        if case .raw = expression { isQuoted = false }
        lateTemplates.append(
            LateTemplate(
                place: place, start: text.utf8.count, count: written.utf8.count, value: value, isQuoted: isQuoted))
        return written
    }

    private func segments(of text: Located<String>, _ place: @autoclosure () -> String) -> [Template.Segment] {
        Template(text.value) { problems.add(place(), text.position, $0) }.segments
    }

    /// The value of the expression; nil, with a problem reported, if it has none.
    private mutating func value(
        of expression: Template.Expression, _ text: Located<String>, _ place: @autoclosure () -> String
    ) -> Value? {
        func unknown(_ kind: String, _ name: String, _ known: [String]) {
            let hint = suggestion(for: name, among: known.sorted())
            problems.add(
                place(), text.position, stage: stageName,
                "'${{ \(expression) }}': unknown \(kind) '\(name)'; \(hint)")
        }
        let value: String
        switch expression {
        case .raw(let inner): return self.value(of: inner, text, place())
        case .late(let late):
            if (late == .memoryBytes && resources.memoryBytes == nil) || (late == .gpus && resources.gpus == nil) {
                let name = late == .gpus ? "gpus" : "memory"
                problems.add(
                    place(), text.position, stage: stageName,
                    "'${{ \(expression) }}': the stage has no \(name); set resources.\(name).")
                return nil
            }
            return .late(late)
        case .stageName: value = stageName
        case .matrix(let name):
            guard let found = point.first(where: { $0.name == name }) else {
                unknown("matrix key", name, point.map(\.name))
                return nil
            }
            value = rendered(found.value.value)
        case .params(let name):
            guard let found = self.value(at: name) else {
                unknown("param", name, params.paths)
                return nil
            }
            used.insert(name)
            value = rendered(found)
        case .allParams:
            usesAllParams = true
            value = rendered(allParams)
        case .inputs(let name):
            guard let inputs else {
                problems.add(place(), text.position, "'${{ \(expression) }}' cannot be used in a path.")
                return nil
            }
            guard knownInputs.contains(name) else {
                unknown("input", name, knownInputs)
                return nil
            }
            if patterns.contains(name) { return .late(.matches(name)) }
            return inputs[name].map { .words($0) }
        case .outputs(let name):
            guard let outputs else {
                problems.add(place(), text.position, "'${{ \(expression) }}' cannot be used in a path.")
                return nil
            }
            guard knownOutputs.contains(name) else {
                unknown("output", name, knownOutputs)
                return nil
            }
            return outputs[name].map { .words($0) }
        }
        if value.utf8.contains(0) {
            problems.add(
                place(), text.position, stage: stageName,
                "'${{ \(expression) }}' contains a NUL character, which no command can contain.")
        }
        return .words([value])
    }
}
