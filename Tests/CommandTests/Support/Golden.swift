// Comparison of what the program prints with files that were looked at once. Knows texts; `RUNS_BLESS=1` writes them.

import Glibc
import TestSupport
import Testing

/// A change to a text that takes out what differs from one machine, or one moment, to the next.
struct Normalisation: Sendable {
    let apply: @Sendable (String) -> String
    init(_ apply: @escaping @Sendable (String) -> String) { self.apply = apply }

    /// `2026-01-31T12:34:56.123456Z`, `2026-01-31 12:34` and `12:34:56` become `TIME`.
    static let times = Normalisation { text in
        text.replacing(#/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/#) { _ in "TIME" }
            .replacing(#/\b\d\d:\d\d:\d\d(\.\d+)?\b/#) { _ in "TIME" }
    }

    /// `0.12 s`, `3ms`, `1m 02s` and the spaces that pad them become ` DURATION`.
    static let durations = Normalisation { text in
        text.replacing(#/ *\b\d+(\.\d+)? ?(ms|min|s|m|h|d)\b( ?\d+ ?(s|m|h)\b)?/#) { _ in " DURATION" }
    }

    /// The project's folder becomes `PROJECT`.
    static func paths(of project: TestProject) -> Normalisation {
        let folder = project.folder
        return Normalisation { $0.replacing(folder, with: "PROJECT") }
    }

    /// Every match of a plain text becomes another.
    static func replacing(_ old: String, with new: String) -> Normalisation {
        Normalisation { $0.replacing(old, with: new) }
    }
}

/// Expects `text`, after the normalisations in order, to equal `Tests/CommandTests/Golden/NAME.txt`.
func expectGolden(
    _ text: String, _ name: String, _ normalisations: [Normalisation] = [.times, .durations],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let path = goldenFolder + "/\(name).txt"
    let found = normalisations.reduce(text) { $1.apply($0) }
    if environmentVariable("RUNS_BLESS") == "1" {
        try writeText(found, to: path)
        return
    }
    guard let expected = readText(path) else {
        Issue.record(
            "Golden/\(name).txt is missing; look at this, and run the tests with RUNS_BLESS=1 to keep it:\n\(found)",
            sourceLocation: sourceLocation)
        return
    }
    guard found != expected else { return }
    let lines = found.split(separator: "\n", omittingEmptySubsequences: false)
    let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let first = zip(lines, wanted).enumerated().first { $1.0 != $1.1 }?.offset ?? min(lines.count, wanted.count)
    Issue.record(
        """
        Golden/\(name).txt differs, first in line \(first + 1) (RUNS_BLESS=1 takes the new text)
        expected: \(first < wanted.count ? String(wanted[first]) : "(nothing)")
        found:    \(first < lines.count ? String(lines[first]) : "(nothing)")
        --- the whole text
        \(found)
        """, sourceLocation: sourceLocation)
}

private let goldenFolder = packageFolder + "/Tests/CommandTests/Golden"

private func readText(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

private func writeText(_ text: String, to path: String) throws {
    mkdir(goldenFolder, 0o755)
    guard let file = fopen(path, "we") else { throw HarnessError.system("cannot write \(path)") }
    let bytes = Array(text.utf8)
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw HarnessError.system("cannot write \(path)") }
}
