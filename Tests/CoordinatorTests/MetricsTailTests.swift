// The lines of RUNS_METRICS, whatever a stage writes and however the reading cuts it: every number of every good line
// comes out once and in order, and what is kept in between stays small.

import Glibc
import Model
import TestSupport
import Testing

@testable import Coordinator

@Suite struct MetricsTailTests {
    @Test(arguments: testSeeds(count: 6)) func anyBytesInAnyPieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        var (expected, bad, found): ([Seen], Int, [Seen]) = ([], 0, [])
        var bytes: [UInt8] = []
        for _ in 0..<120 {
            let line = Line.random(&random)
            expected += line.points
            bad += line.isBad ? 1 : 0
            bytes += line.bytes + [10]
        }
        // Its newline may still be missing when the stage ends.
        if Bool.random(using: &random) { bytes.removeLast() }
        var rest = bytes[...]
        while !rest.isEmpty {
            let mostBytes = [8, 500, 70_000, 3_000_000].randomElement(using: &random) ?? 1
            let piece = rest.prefix(Int.random(in: 1...mostBytes, using: &random))
            try file.append(piece)
            rest = rest.dropFirst(piece.count)
            guard Bool.random(using: &random) else { continue }
            found += tail.read(at: time).points.map(Seen.init)
            #expect(tail.partial.count <= MetricsTail.mostLineBytes, "seed \(seed)")
        }
        tail.readRest(at: time) { told in found += told.points.map(Seen.init) }
        let differing = zip(found, expected).first { $0 != $1 }
        #expect(differing == nil, "seed \(seed)")
        #expect(found.count == expected.count, "seed \(seed)")
        #expect(tail.badLines == bad, "seed \(seed)")
        tail.readRest(at: time) { told in Issue.record("seed \(seed): \(told.points.count) points came twice") }
    }

    /// Nothing but noise, newlines among it: no line of it is good, and none stops the reading.
    @Test(arguments: testSeeds(count: 20)) func noise(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        let alphabet = Array("{}[]\",:\\\n\r eE+-.0123456789NaInfty\u{0}\u{e9}".utf8) + [0xFF, 0xC3]
        for _ in 0..<40 {
            let count = Int.random(in: 0..<200, using: &random)
            try file.append((0..<count).compactMap { _ in alphabet.randomElement(using: &random) }[...])
            _ = tail.read(at: time)
        }
        // Then a good line, which must be found behind all that.
        try file.append(Array("\n{\"after\": 1}\n".utf8)[...])
        var last: MetricPoint?
        tail.readRest(at: time) { told in last = told.points.last }
        #expect(last?.name == "after" && last?.value == 1, "seed \(seed)")
    }

    @Test func longNamesDoNotMultiply() throws {
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        let long = String(repeating: "n", count: 490)
        try file.append(
            Array("{\"\(long)\": {\"inside\": 1}}\n{\"a\": 2, \"\(long)\": {\"far inside\": {\"b\": 3}}}\n".utf8)[...])
        #expect(tail.read(at: time).points.map(\.name) == [long + ".inside"])
        #expect(tail.badLines == 1, "of the second line nothing is taken")
        let metrics = finalMetrics(ofFile: file.path, shownAs: "m.json", at: time)
        #expect(metrics.points.isEmpty && metrics.problem != nil)
    }

    /// A writer that outlives the stage is not read for ever: what is handed over is followed by more.
    @Test func aWriterThatNeverEndsIsNotWaitedFor() throws {
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        try file.append(Array("{\"a\": 1}\n".utf8)[...])
        var calls = 0
        tail.readRest(at: time) { _ in
            calls += 1
            if calls < 100 { try? file.append(Array("{\"a\": 1}\n".utf8)[...]) }
        }
        #expect(calls == 1)
    }

    @Test func paramsAndSummaries() throws {
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        let long = String(repeating: "n", count: 501)
        try file.append(
            Array(
                """
                {"param": {"lr": 0.1, "model": {"name": "mlp", "layers": [8, 8]}, "none": null}}
                {"summary": {"best": 0.9, "at": {"step": 7}}}
                {"param": 3, "step": 1}
                {"summary": {"a": 1}, "step": 2, "param": {"late": 1}, "loss": 0.5}
                {"step": 1.5, "loss": 1}
                {"step": "7", "loss": 1}
                {"accuracy": "0.9"}
                {"param": {"a": 1, "\(long)": 2}}

                """.utf8)[...])
        let told = tail.read(at: time)
        #expect(
            told.params.map { "\($0.name)=\($0.value.text)" } == [
                "lr=0.1", #"model.name="mlp""#, "model.layers=[8,8]", "none=null", "late=1",
            ])
        // A word that holds no object is a metric's name like any other.
        #expect(
            told.points.map { "\($0.name) \($0.step.map(String.init) ?? "-") \($0.value)" } == [
                "best - 0.9", "at.step - 7.0", "param 1 3.0", "a - 1.0", "loss 2 0.5",
            ])
        // A name that is too long, steps that are no whole numbers, and a line without a number.
        #expect(tail.badLines == 4)
    }

    private let time = Timestamp(microseconds: 1)
}

/// A point that compares NaN with NaN.
private struct Seen: Equatable {
    let name: String
    let step: Int64?
    let bits: UInt64

    init(_ point: MetricPoint) { self.init(point.name, point.step, point.value) }
    init(_ name: String, _ step: Int64?, _ value: Double) {
        self.name = name
        self.step = step
        bits = value.bitPattern
    }
}

/// A line without its newline, and what must come of it.
private struct Line {
    var bytes: [UInt8]
    var points: [Seen] = []
    var isBad = false

    static func random(_ random: inout SeededGenerator) -> Line {
        switch Int.random(in: 0..<60, using: &random) {
        case 0..<40: return good(&random)
        case 40..<44: return Line(bytes: Array(repeating: 32, count: Int.random(in: 0..<4, using: &random)))
        case 44..<50:
            let count = Int.random(in: 0..<300, using: &random)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }.filter { $0 != 10 }
            return Line(bytes: [0xFF] + noise, isBad: true)
        case 50..<54:
            let whole = good(&random).bytes
            let cut = whole.prefix(Int.random(in: 1..<whole.count, using: &random))
            return Line(bytes: Array(cut), isBad: true)
        case 54: return Line(bytes: Array(String(repeating: "{\"a\":", count: 300).utf8) + [0x31], isBad: true)
        case 55: return Line(bytes: Array("{\"a\":1,\"\(String(repeating: "x", count: 501))\":2}".utf8), isBad: true)
        case 56: return Line(bytes: [0x5B, 0x31, 0x5D], isBad: true)
        case 57:
            let padding = String(repeating: " ", count: Int.random(in: 1_048_577...2_500_000, using: &random))
            return Line(bytes: Array("{\"a\":1,\(padding)\"b\":2}".utf8), isBad: true)
        default:
            let padding = String(repeating: " ", count: Int.random(in: 0...700_000, using: &random))
            return Line(
                bytes: Array("{\"a\":1,\(padding)\"b\":2}".utf8), points: [Seen("a", nil, 1), Seen("b", nil, 2)])
        }
    }

    private static func good(_ random: inout SeededGenerator) -> Line {
        var points: [Seen] = []
        let step = Bool.random(using: &random) ? Int64.random(in: -3...1_000_000, using: &random) : nil
        let text = object(&random, prefix: "", depth: 0, step: step, &points)
        // An object that holds things, but no number, says nothing of what it was meant to say.
        return Line(bytes: Array(text.utf8), points: points, isBad: points.isEmpty && text != "{}")
    }

    private static func object(
        _ random: inout SeededGenerator, prefix: String, depth: Int, step: Int64?, _ points: inout [Seen]
    ) -> String {
        var members: [String] = []
        if depth == 0, let step { members.append("\"step\": \(step)") }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let name = ["loss", "acc", "a.b", "", "é", "x y", "Step"].randomElement(using: &random) ?? "loss"
            let value: String
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where depth < 6:
                value = object(&random, prefix: prefix + name + ".", depth: depth + 1, step: step, &points)
            case 1:
                value = ["null", "\"text }\"", "[1, {\"no\": 2}]"].randomElement(using: &random) ?? "null"
            case 2:
                let flag = Bool.random(using: &random)
                value = "\(flag)"
                points.append(Seen(prefix + name, step, flag ? 1 : 0))
            case 3:
                let special = [
                    ("NaN", Double.nan), ("Infinity", .infinity), ("-Infinity", -.infinity), ("-0.0", -0.0),
                    ("1e999", .infinity),
                ]
                let (word, number) = special.randomElement(using: &random) ?? ("NaN", .nan)
                value = word
                points.append(Seen(prefix + name, step, number))
            default:
                let number = Double.random(in: -1e6...1e6, using: &random)
                value = "\(number)"
                points.append(Seen(prefix + name, step, number))
            }
            members.append("\"\(name)\": \(value)")
        }
        return "{\(members.joined(separator: ", "))}"
    }
}

/// A file that grows, and is deleted when the test lets go of it.
private final class ScratchFile {
    private let folder: TemporaryFolder
    private let descriptor: Int32
    var path: String { folder.path("metrics") }

    init() throws {
        folder = try TemporaryFolder()
        descriptor = open(folder.path("metrics"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
    }

    func append(_ bytes: ArraySlice<UInt8>) throws {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        try #require(count == bytes.count)
    }

    deinit { close(descriptor) }
}

extension MetricsTail {
    /// As the executor reads on when a stage has ended: pieces, and then the last line.
    fileprivate mutating func readRest(at time: Timestamp, take: (ReportedLines) -> Void) {
        end()
        func hand(_ told: ReportedLines) { if !told.points.isEmpty || !told.params.isEmpty { take(told) } }
        repeat { hand(read(at: time)) } while isBehind
        hand(readLastLine(at: time))
    }
}
