// Builds the supervisor with other compiler options, and a trait that also tests the build with sanitizers. Knows the
// compiler; does not know what the supervisor does.

import Foundation
import TestSupport
import Testing

@testable import ProcessHost

enum SupervisorBuild {
    struct Failure: Error { let message: String }

    /// Compiles the supervisor into the folder of the tests.
    ///
    /// - Returns: the path of the program.
    static func compile(_ name: String, _ options: [String]) throws -> String {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CSupervisor")
        let files = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
        let program = try RunsBinary.path() + "-supervisor-" + name
        let compiler = Process()
        let output = Pipe()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments =
            ["clang", "-Wall", "-Wextra", "-Werror"] + options
            + ["-I", sources.appending(path: "include").path, "-o", program]
            + files.map(\.path).filter { $0.hasSuffix(".c") }
        compiler.standardOutput = output
        compiler.standardError = output
        try compiler.run()
        let messages = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        compiler.waitUntilExit()
        if compiler.terminationStatus != 0 { throw Failure(message: messages) }
        return program
    }
}

/// The supervisor with AddressSanitizer and UndefinedBehaviorSanitizer, built once, for `RUNS_TEST_LONG=1` only.
enum SanitizedSupervisor {
    enum Build {
        case program(String)
        case missing(reason: String)
    }

    static let build: Build = {
        guard ProcessInfo.processInfo.environment["RUNS_TEST_LONG"] == "1" else {
            return .missing(reason: "Set RUNS_TEST_LONG=1 to test a supervisor with sanitizers.")
        }
        do {
            try? FileManager.default.removeItem(at: try reports)
            try FileManager.default.createDirectory(at: try reports, withIntermediateDirectories: true)
            // The supervisor's standard error is /dev/null, so reports go to files.
            let options = try reports.appending(path: "options.c")
            let text = "log_path=\(try reports.path)/report:detect_leaks=0"
            try Data("const char *__asan_default_options(void) { return \"\(text)\"; }\n".utf8).write(to: options)
            let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", options.path]
            return .program(try SupervisorBuild.compile("sanitized", sanitizers))
        } catch let failure as SupervisorBuild.Failure {
            let lines = failure.message.split(separator: "\n")
            let reason = lines.first { $0.contains("error") } ?? lines.last ?? "no message"
            return .missing(reason: "clang cannot build with sanitizers: \(reason)")
        } catch {
            return .missing(reason: "clang cannot build with sanitizers: \(error)")
        }
    }()

    static var program: String? { if case .program(let path) = build { path } else { nil } }
    static var reasonForNone: String { if case .missing(let reason) = build { reason } else { "" } }

    /// The sanitizers' reports since the last call.
    static func takeReports() throws -> [String] {
        let files = try FileManager.default.contentsOfDirectory(at: try reports, includingPropertiesForKeys: nil)
        return files.filter { $0.lastPathComponent.hasPrefix("report") }.compactMap { file in
            defer { try? FileManager.default.removeItem(at: file) }
            return try? String(contentsOf: file, encoding: .utf8)
        }
    }

    private static var reports: URL {
        get throws { URL(filePath: try RunsBinary.path() + "-supervisor-reports") }
    }
}

/// The program that the current test should use; nil for the one that `runs` contains.
enum TestedSupervisor {
    @TaskLocal static var program: String?
}

/// Runs each test a second time with the sanitized supervisor, if it was built.
struct SanitizedToo: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await function()
        guard let program = SanitizedSupervisor.program else { return }
        try await TestedSupervisor.$program.withValue(program, operation: function)
        for report in try SanitizedSupervisor.takeReports() { Issue.record("\(report)") }
    }
}

extension Trait where Self == SanitizedToo {
    static var sanitizedToo: Self { SanitizedToo() }
}
