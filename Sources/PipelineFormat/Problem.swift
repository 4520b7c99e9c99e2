// What is wrong with a pipeline file, and where. Knows places and messages; does not know the rules.

import JSON
import Model

/// One mistake.
public struct Problem: Hashable, Sendable {
    /// `stages.train.resources.gpus`; empty for the whole file.
    public let place: String
    public let line: Int?
    public let column: Int?
    /// A sentence, with a suggestion if there is one.
    public let message: String

    public init(place: String, line: Int?, column: Int?, message: String) {
        self.place = place
        self.line = line
        self.column = column
        self.message = message
    }
}

/// All mistakes in one file, in the order of the file.
public struct PipelineErrors: Error, Sendable, CustomStringConvertible {
    public let file: String
    public let problems: [Problem]

    public init(file: String, problems: [Problem]) {
        self.file = file
        self.problems = problems
    }

    /// One for each problem: `pipeline.json:12:7: stages.train.resources.gpus: …`. Names in it may contain line breaks.
    public var sentences: [String] {
        problems.map { problem in
            var line = file
            if let number = problem.line, let column = problem.column { line += ":\(number):\(column)" }
            return line + ": " + (problem.place.isEmpty ? "" : problem.place + ": ") + problem.message
        }
    }

    public var description: String { sentences.joined(separator: "\n") }
}

/// A message that a stage's own values are part of.
struct StageMessage: ExpressibleByStringInterpolation {
    let text: String
    /// The text without the values: equal for the same mistake of another stage.
    let form: String

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var form = ""

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) {
            text += literal
            form += literal
        }

        mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            text += value.description
            form += "\0"
        }
    }

    init(stringLiteral value: String) {
        text = value
        form = value
    }

    init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        form = stringInterpolation.form
    }

    private init(text: String, form: String) {
        self.text = text
        self.form = form
    }

    static func + (left: StageMessage, right: StageMessage) -> StageMessage {
        StageMessage(text: left.text + right.text, form: left.form + right.form)
    }
}

/// Collects the mistakes and warnings of all phases. The same one in many stages of a template becomes one line.
final class ProblemList {
    private var problems = FoldedProblems()
    private var foldedWarnings = FoldedProblems()
    private var stageHints: [String: String] = [:]

    var isEmpty: Bool { problems.isEmpty }
    var all: [Problem] { problems.all }
    var warnings: [String] { foldedWarnings.all.map { "\($0.place): \($0.message)" } }

    func add(_ place: String, _ position: JSONPosition?, _ message: String) {
        problems.add(Problem(place: place, line: position?.line, column: position?.column, message: message))
    }

    /// - Parameter stage: its full name, such as `train@lr=0.1`.
    func add(_ place: String, _ position: JSONPosition?, stage: String, _ message: StageMessage) {
        let problem = Problem(place: place, line: position?.line, column: position?.column, message: message.text)
        problems.add(problem, stage: stage, form: message.form)
    }

    func warn(_ place: String, _ message: String) {
        foldedWarnings.add(Problem(place: place, line: nil, column: nil, message: message))
    }

    func warn(_ place: String, stage: String, _ message: StageMessage) {
        let problem = Problem(place: place, line: nil, column: nil, message: message.text)
        foldedWarnings.add(problem, stage: stage, form: message.form)
    }

    /// The suggestion for an unknown stage, computed once for each name.
    func hint(for stage: String, find: () -> String) -> String {
        if let known = stageHints[stage] { return known }
        let found = find()
        stageHints[stage] = found
        return found
    }

    /// In the order of the file; those without a line last.
    func errors(file: String) -> PipelineErrors {
        let sorted = all.enumerated().sorted { first, second in
            let left = (first.element.line ?? .max, first.element.column ?? .max, first.offset)
            return left < (second.element.line ?? .max, second.element.column ?? .max, second.offset)
        }
        return PipelineErrors(file: file, problems: sorted.map(\.element))
    }
}

/// Problems in order of arrival, each once. If the stages of a template make the same mistake with different values,
/// the first stage's message is kept and the stages are counted.
private struct FoldedProblems {
    private final class Fold {
        let example: String
        var stages: Set<String> = []
        /// Whether another stage's message differs from the example's.
        var differs = false

        init(example: String) { self.example = example }
    }

    private var kept: [(problem: Problem, fold: Fold?)] = []
    private var seen: Set<Problem> = []
    /// By the problem with the form as its message.
    private var folds: [Problem: Fold] = [:]

    var isEmpty: Bool { kept.isEmpty }

    var all: [Problem] {
        kept.map { problem, fold in
            guard let fold, fold.differs else { return problem }
            let template = fold.example.prefix { $0 != "@" }
            let stages = "\(fold.stages.count) stages of '\(template)', such as '\(fold.example)'"
            return problem.with(message: "\(stages): \(problem.message)")
        }
    }

    mutating func add(_ problem: Problem) { keep(problem, nil) }

    private mutating func keep(_ problem: Problem, _ fold: Fold?) {
        if seen.insert(problem).inserted { kept.append((problem, fold)) }
    }

    mutating func add(_ problem: Problem, stage: String, form: String) {
        let key = problem.with(message: form)
        let fold = folds[key] ?? Fold(example: stage)
        folds[key] = fold
        fold.stages.insert(stage)
        if fold.example == stage {
            keep(problem, fold)
        } else if !seen.contains(problem) {
            fold.differs = true
        }
    }
}

extension Problem {
    fileprivate func with(message: String) -> Problem {
        Problem(place: place, line: line, column: column, message: message)
    }
}

/// The nearest known name, or a list of the known names.
func suggestion(for name: String, among known: [String]) -> String {
    if let meant = nearest(to: name, among: known) { return "did you mean '\(meant)'?" }
    guard !known.isEmpty else { return "none are defined." }
    return "known: \(known.prefix(40).joined(separator: ", "))\(known.count > 40 ? ", …" : ".")"
}
