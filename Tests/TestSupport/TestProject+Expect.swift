// A command and all that must follow from it, in one expression, as in the tests of just:
//
//     try TestProject(stages: #""a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]}"#, files: ["in": "1"])
//         .expect("exec", files: ["a": "1"])
//         .expect("exec", "b", status: 2, errors: ["'b'"])
//
// Knows what a command leaves; does not know the program's modules.

import Testing

extension TestProject {
    /// Runs `runs` with these arguments, and records an issue for everything that differs from what is expected.
    ///
    /// - Parameters:
    ///   - status: The exit status.
    ///   - output: All that is written to standard output; nil: anything.
    ///   - contains: Pieces of standard output.
    ///   - errors: Pieces of standard error.
    ///   - files: Files and their text when the command has ended; nil: there is no such file.
    ///   - executed: The stages that the newest run executed, sorted; nil: any.
    @discardableResult
    public func expect(
        _ arguments: String..., environment: [String: String] = [:], status: Int32 = 0, output: String? = nil,
        contains: [String] = [], errors: [String] = [], files: [String: String?] = [:], executed: [String]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> TestProject {
        let result = try runs(arguments, environment: environment)
        var problems: [String] = []
        if result.status != status { problems.append("the exit status is not \(status)") }
        if let output, result.output != output { problems.append("standard output is not \(output.debugDescription)") }
        for piece in contains where !result.output.contains(piece) {
            problems.append("standard output does not contain \(piece.debugDescription)")
        }
        for piece in errors where !result.errorOutput.contains(piece) {
            problems.append("standard error does not contain \(piece.debugDescription)")
        }
        for (path, text) in files.sorted(by: { $0.key < $1.key }) where read(path) != text {
            let found = read(path)?.debugDescription ?? "missing"
            problems.append("\(path) is \(found), not \(text?.debugDescription ?? "missing")")
        }
        if let executed, case let found = try executedStages(), found != executed {
            problems.append("the run executed \(found), not \(executed)")
        }
        if !problems.isEmpty {
            Issue.record(
                "\(problems.joined(separator: "\n"))\n\(result.story)", sourceLocation: sourceLocation)
        }
        return self
    }

    /// The stages that the newest run executed, sorted.
    public func executedStages() throws -> [String] {
        try query("select distinct stage from executions where run_id = (select max(run_id) from runs) order by stage")
            .compactMap { $0["stage"]?.text }
    }
}
