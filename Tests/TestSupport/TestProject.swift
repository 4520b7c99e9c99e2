// A project of a test: a temporary folder in which `runs` is run as a user runs it. Knows the command line and what it
// prints; does not know the program's modules.

import Foundation
import Glibc

/// A folder with a pipeline, deleted when the test lets go of it.
public final class TestProject: TestFolder {
    private let temporary: TemporaryFolder
    private let program: String
    public var folder: String { temporary.folder }

    /// An empty project.
    public init() throws {
        program = try RunsBinary.path()
        temporary = try TemporaryFolder()
    }

    /// A project with this `pipeline.json` and further files.
    public convenience init(pipeline: String, files: [String: String] = [:]) throws {
        try self.init()
        try write("pipeline.json", pipeline)
        for (path, text) in files { try write(path, text) }
    }

    /// A project with a pipeline named "p" of these stages and further files.
    ///
    /// - Parameters:
    ///   - stages: What stands between the braces of "stages".
    ///   - extra: Further members of the pipeline, each with a comma behind it.
    public convenience init(stages: String, extra: String = "", files: [String: String] = [:]) throws {
        try self.init(pipeline: #"{"name": "p", \#(extra) "stages": {\#(stages)}}"#, files: files)
    }

    /// Starts `runs` with these arguments in the project's folder (or one below it); the caller finishes it.
    public func start(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, in relative: String = "."
    ) throws -> RunningCommand {
        var inputPath = "/dev/null"
        if let input {
            inputPath = "\(folder)/.standard-input"
            try write(inputPath, input)
        }
        return try RunningCommand(
            program: program, arguments: arguments, folder: path(relative),
            environment: Self.environment.merging(environment) { $1 }, input: inputPath)
    }

    /// Runs `runs` with these arguments and waits for it.
    @discardableResult
    public func runs(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, in relative: String = ".",
        timeout: Duration = .seconds(60)
    ) throws -> CommandResult {
        try start(arguments, environment: environment, input: input, in: relative).finish(timeout: timeout)
    }

    /// Runs `runs` with these arguments and waits for it.
    @discardableResult
    public func runs(_ arguments: String..., environment: [String: String] = [:]) throws -> CommandResult {
        try runs(arguments, environment: environment)
    }

    /// The rows of `runs query --format json`.
    public func query(_ sql: String, in relative: String = ".") throws -> [[String: JSON]] {
        let result = try runs(["query", "--format", "json", sql], in: relative)
        guard result.status == 0 else { throw HarnessError("the query failed\n\(result.story)") }
        do {
            return try JSONDecoder().decode([[String: JSON]].self, from: Data(result.output.utf8))
        } catch {
            throw HarnessError("`runs query --format json` did not print an array of objects\n\(result.story)")
        }
    }

    /// What commands inherit: the caller's environment without what would change what they do or print.
    private static let environment: [String: String] = {
        var variables = ProcessInfo.processInfo.environment
        for name in variables.keys where name.hasPrefix("RUNS_") || name.hasPrefix("CUDA_") {
            variables[name] = nil
        }
        variables["LC_ALL"] = "C.UTF-8"
        variables["TZ"] = "UTC"
        return variables
    }()
}
