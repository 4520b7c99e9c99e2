// What is wrong with a pipeline file, and where. Knows places and sentences; does not know the rules.

import JSON
import Model

/// One mistake.
public struct Problem: Hashable, Sendable {
    /// `stages.train.resources.gpus`; empty for the file as a whole.
    public let place: String
    public let line: Int?
    public let column: Int?
    /// A sentence, with a suggestion where there is one.
    public let message: String

    public init(place: String, line: Int?, column: Int?, message: String) {
        self.place = place
        self.line = line
        self.column = column
        self.message = message
    }
}

/// Every mistake of one file, in the order of the file.
public struct PipelineErrors: Error, Sendable, CustomStringConvertible {
    public let file: String
    public let problems: [Problem]

    public init(file: String, problems: [Problem]) {
        self.file = file
        self.problems = problems
    }

    /// One line each: `pipeline.json:12:7: stages.train.resources.gpus: …`.
    public var description: String {
        problems.map { problem in
            var line = file
            if let number = problem.line, let column = problem.column { line += ":\(number):\(column)" }
            return line + ": " + (problem.place.isEmpty ? "" : problem.place + ": ") + problem.message
        }.joined(separator: "\n")
    }
}

/// Collects what the phases find. A mistake of a template that every one of its stages repeats is kept once.
final class ProblemList {
    private var seen: Set<Problem> = []
    private(set) var all: [Problem] = []
    private var seenWarnings: Set<String> = []
    private var stageHints: [String: String] = [:]
    private(set) var warnings: [String] = []

    var isEmpty: Bool { all.isEmpty }

    func add(_ place: String, _ position: JSONPosition?, _ message: String) {
        let problem = Problem(place: place, line: position?.line, column: position?.column, message: message)
        if seen.insert(problem).inserted { all.append(problem) }
    }

    func warn(_ place: String, _ message: String) {
        let warning = "\(place): \(message)"
        if seenWarnings.insert(warning).inserted { warnings.append(warning) }
    }

    /// What may have been meant by an unknown stage, found once for each name.
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

/// What may have been meant by an unknown name: the nearest of those known, or else what is known.
func suggestion(for name: String, among known: [String]) -> String {
    if let meant = nearest(to: name, among: known) { return "did you mean '\(meant)'?" }
    guard !known.isEmpty else { return "there are none." }
    return "known: \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : ".")"
}
