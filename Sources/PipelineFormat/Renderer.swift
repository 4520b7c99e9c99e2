// Replaces `${{ … }}` for one stage. Knows the stage's values; does not know what the text is for, only whether a shell
// reads it.

import JSON
import Model

struct Renderer {
    let stageName: String
    let point: Named<AxisValue>
    /// Those in force for the stage; a matrix value stands before a param of the same name.
    let params: [String: JSONValue]
    let problems: ProblemList
    /// Names and what they come to; nil where paths cannot be mentioned because they are being made.
    var inputs: [String: [String]]?
    var outputs: [String: [String]]?
    /// Names that are declared, though what they come to may be unknown for a mistake already reported.
    var knownInputs: [String] = []
    var knownOutputs: [String] = []
    /// Params that were mentioned so far.
    private(set) var mentioned: Set<String> = []
    private(set) var mentionsAllParams = false

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

    /// A text that no shell reads: a path, a variable. A list becomes words with spaces between.
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

    /// One word of an argv, or several where a list stands alone in it.
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
                        place(), text.position,
                        "'${{ \(expression) }}' is a list of \(words.count); let it stand alone in its word, where it "
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
                        place(), text.position,
                        "'${{ \(expression) }}' \(reason). Let it stand outside of quotes, where it is quoted as it "
                            + "needs, or write '${{ raw(\(expression)) }}' to have it as it is.")
                }
            }
        }
        return shell.text
    }

    private func segments(of text: Located<String>, _ place: @autoclosure () -> String) -> [Template.Segment] {
        Template(text.value) { problems.add(place(), text.position, $0) }.segments
    }

    /// What the expression comes to; nil, and a problem, where it comes to nothing.
    private mutating func words(
        of expression: Template.Expression, _ text: Located<String>, _ place: @autoclosure () -> String
    ) -> [String]? {
        func unknown(_ kind: String, _ name: String, _ known: [String]) {
            let hint = suggestion(for: name, among: known.sorted())
            problems.add(place(), text.position, "'${{ \(expression) }}': there is no \(kind) '\(name)'; \(hint)")
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
            mentioned.insert(name)
            value = if case .string(let bare) = found { bare } else { found.text }
        case .allParams:
            mentionsAllParams = true
            value = JSONValue.object(allParams.map { JSONValue.Member(name: $0.name, value: $0.value) }).text
        case .inputs(let name):
            guard let inputs else {
                problems.add(place(), text.position, "'${{ \(expression) }}' cannot be mentioned in a path.")
                return nil
            }
            guard knownInputs.contains(name) else {
                unknown("input", name, knownInputs)
                return nil
            }
            return inputs[name]
        case .outputs(let name):
            guard let outputs else {
                problems.add(place(), text.position, "'${{ \(expression) }}' cannot be mentioned in a path.")
                return nil
            }
            guard knownOutputs.contains(name) else {
                unknown("output", name, knownOutputs)
                return nil
            }
            return outputs[name]
        }
        if value.utf8.contains(0) {
            problems.add(place(), text.position, "'${{ \(expression) }}' holds a NUL character, which no command can.")
        }
        return [value]
    }
}
