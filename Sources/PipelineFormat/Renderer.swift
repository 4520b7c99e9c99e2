// Replaces `${{ … }}` for one stage. Knows the stage's values and whether a shell reads the text; does not know what
// the text is for.

import JSON
import Model

struct Renderer {
    let stageName: String
    let point: Named<AxisValue>
    /// The stage's params. A matrix value overrides a param of the same name.
    let params: [String: JSONValue]
    let problems: ProblemList
    /// Paths by name; nil while the paths themselves are rendered.
    var inputs: [String: [String]]?
    var outputs: [String: [String]]?
    /// All declared names, also those without paths because of a mistake.
    var knownInputs: [String] = []
    var knownOutputs: [String] = []
    /// The params that were used so far.
    private(set) var used: Set<String> = []
    private(set) var usesAllParams = false

    init(stageName: String, point: Named<AxisValue>, params: [String: JSONValue], problems: ProblemList) {
        self.stageName = stageName
        self.point = point
        self.params = params
        self.problems = problems
    }

    /// Every param and matrix value, sorted by name.
    var allParams: [Param] {
        var all = params
        for (name, value) in point { all[name] = value.value }
        return all.map { Param(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name }
    }

    /// Text that no shell reads: a path, a variable. A list is joined by spaces.
    mutating func bare(_ text: Located<String>, _ place: @autoclosure () -> String) -> String {
        var result = ""
        for segment in segments(of: text, place()) {
            switch segment {
            case .text(let text): result += text
            case .value(let expression):
                result += (words(of: expression, text, place()) ?? []).joined(separator: " ")
            }
        }
        return result
    }

    /// One word of an argv, or several if the whole word is a list.
    mutating func argument(_ text: Located<String>, _ place: @autoclosure () -> String) -> [String] {
        let segments = segments(of: text, place())
        if segments.count == 1, case .value(let expression) = segments[0] {
            return words(of: expression, text, place()) ?? []
        }
        var result = ""
        for segment in segments {
            switch segment {
            case .text(let text): result += text
            case .value(let expression):
                guard let words = words(of: expression, text, place()) else { continue }
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
            case .value(.raw(let expression)):
                shell.append((words(of: expression, text, place()) ?? []).joined(separator: " "))
            case .value(let expression):
                guard let words = words(of: expression, text, place()) else { continue }
                if let reason = shell.append(words: words) {
                    problems.add(
                        place(), text.position, stage: stageName,
                        "'${{ \(expression) }}' \(reason). Use it outside of quotes, where it is quoted as needed, "
                            + "or write '${{ raw(\(expression)) }}' to insert it unquoted.")
                }
            }
        }
        return shell.text
    }

    private func segments(of text: Located<String>, _ place: @autoclosure () -> String) -> [Template.Segment] {
        Template(text.value) { problems.add(place(), text.position, $0) }.segments
    }

    /// The value of the expression; nil, with a problem reported, if it has none.
    private mutating func words(
        of expression: Template.Expression, _ text: Located<String>, _ place: @autoclosure () -> String
    ) -> [String]? {
        func unknown(_ kind: String, _ name: String, _ known: [String]) {
            let hint = suggestion(for: name, among: known.sorted())
            problems.add(
                place(), text.position, stage: stageName,
                "'${{ \(expression) }}': unknown \(kind) '\(name)'; \(hint)")
        }
        let value: String
        switch expression {
        case .raw(let inner): return words(of: inner, text, place())
        case .stageName: value = stageName
        case .matrix(let name):
            guard let found = point.first(where: { $0.name == name }) else {
                unknown("matrix key", name, point.map(\.name))
                return nil
            }
            value = found.value.spelled
        case .params(let name):
            if let found = point.first(where: { $0.name == name }) {
                value = found.value.spelled
                break
            }
            guard let found = params[name] else {
                unknown("param", name, Array(params.keys))
                return nil
            }
            used.insert(name)
            value = if case .string(let bare) = found { bare } else { found.text }
        case .allParams:
            usesAllParams = true
            value = JSONValue.object(allParams.map { JSONValue.Member(name: $0.name, value: $0.value) }).text
        case .inputs(let name):
            guard let inputs else {
                problems.add(place(), text.position, "'${{ \(expression) }}' cannot be used in a path.")
                return nil
            }
            guard knownInputs.contains(name) else {
                unknown("input", name, knownInputs)
                return nil
            }
            return inputs[name]
        case .outputs(let name):
            guard let outputs else {
                problems.add(place(), text.position, "'${{ \(expression) }}' cannot be used in a path.")
                return nil
            }
            guard knownOutputs.contains(name) else {
                unknown("output", name, knownOutputs)
                return nil
            }
            return outputs[name]
        }
        if value.utf8.contains(0) {
            problems.add(
                place(), text.position, stage: stageName,
                "'${{ \(expression) }}' contains a NUL character, which no command can contain.")
        }
        return [value]
    }
}
