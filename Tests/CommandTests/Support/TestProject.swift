// A project of a test: a temporary folder with files in it, in which `runs` is run as a user runs it. Knows files and
// the command line; knows nothing of the program's modules.

import Foundation
import Glibc

/// A fresh temporary folder, removed when the test lets go of it.
final class TestProject: Sendable {
    /// Absolute, without symbolic links.
    let folder: String
    private let program: String

    init() throws {
        program = try RunsBinary.path()
        let parent = environmentVariable("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/runs-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
            throw HarnessError.system("cannot make a temporary folder in \(parent)")
        }
        defer { free(resolved) }
        folder = String(cString: resolved)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    // MARK: Files

    /// The absolute path of a path relative to the project.
    func path(_ relative: String) -> String { relative.hasPrefix("/") ? relative : "\(folder)/\(relative)" }

    /// Writes the file in place, and the folders above it.
    func write(_ relative: String, _ text: String, executable: Bool = false) throws {
        let path = path(relative)
        try FileManager.default.createDirectory(
            atPath: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), withIntermediateDirectories: true)
        guard let file = fopen(path, "we") else { throw HarnessError.system("cannot write \(path)") }
        let bytes = Array(text.utf8)
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw HarnessError.system("cannot write \(path)") }
        if executable { chmod(path, 0o755) }
    }

    /// The file's text; nil where there is no such file.
    func read(_ relative: String) -> String? {
        FileManager.default.contents(atPath: path(relative)).map { String(decoding: $0, as: UTF8.self) }
    }

    func exists(_ relative: String) -> Bool { access(path(relative), F_OK) == 0 }

    /// Removes a file or a whole folder; nothing happens where there is none.
    func remove(_ relative: String) throws {
        guard exists(relative) else { return }
        try FileManager.default.removeItem(atPath: path(relative))
    }

    /// Every file below `relative`, by its path relative to the project.
    func files(below relative: String) -> [String: String] {
        var found: [String: String] = [:]
        var pending = [relative]
        while let next = pending.popLast() {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path(next))) ?? [] {
                let entry = "\(next)/\(name)"
                if let text = read(entry), !isFolder(entry) { found[entry] = text } else { pending.append(entry) }
            }
        }
        return found
    }

    private func isFolder(_ relative: String) -> Bool {
        var information = stat()
        return stat(path(relative), &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    // MARK: Commands

    /// Starts `runs` with these arguments in the project's folder (or one below it); the caller finishes it.
    func start(
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
    func runs(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, in relative: String = ".",
        timeout: Duration = .seconds(60)
    ) throws -> CommandResult {
        try start(arguments, environment: environment, input: input, in: relative).finish(timeout: timeout)
    }

    @discardableResult
    func runs(_ arguments: String..., environment: [String: String] = [:]) throws -> CommandResult {
        try runs(arguments, environment: environment)
    }

    /// The rows of `runs query --format json`.
    func query(_ sql: String, in relative: String = ".") throws -> [[String: JSON]] {
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
