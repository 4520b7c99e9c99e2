// The lines of RUNS_METRICS, whatever a stage writes and however the reading cuts it: every number of every good line
// comes out once and in order, and what is kept in between stays small.

import Glibc
import JSON
import Model
import TestSupport
import Testing

@testable import Coordinator

@Suite struct MetricsTailTests {
    @Test(arguments: testSeeds(count: 6)) func anyBytesInAnyPieces(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        var (expected, bad, leftOut, found): ([Seen], Int, Int, [Seen]) = ([], 0, 0, [])
        var bytes: [UInt8] = []
        for _ in 0..<120 {
            let line = Line.random(&random)
            expected += line.points
            bad += line.isBad ? 1 : 0
            leftOut += line.leftOut
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
        #expect(tail.badLines.count == bad, "seed \(seed)")
        #expect(tail.leftOut.count == leftOut, "seed \(seed)")
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
        #expect(tail.badLines.count == 1, "of the second line nothing is taken")
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
        let long = String(repeating: "n", count: 501)
        let (told, tail) = try read(
            """
            {"param": {"lr": 0.1, "model": {"name": "mlp", "layers": [8, 8]}, "none": null}}
            {"summary": {"best": 0.9, "at": {"step": 7}}}
            {"param": 3, "step": 1}
            {"summary": {"a": 1}, "step": 2, "param": {"late": 1}, "loss": 0.5}
            {"param": {"a": 1, "\(long)": 2}}
            {"step": 4}
            {"step": 4, "unmeasured": null}
            {}
            """)
        #expect(
            told.params.map { "\($0.name)=\($0.value.text)" } == [
                "lr=0.1", #"model.name="mlp""#, "model.layers=[8,8]", "none=null", "late=1",
            ])
        // A word that holds no object is a metric's name like any other.
        #expect(shown(told) == ["best - 0.9", "at.step - 7.0", "param 1 3.0", "a - 1.0", "loss 2 0.5"])
        #expect(
            tail.notes == [
                "2 invalid lines in RUNS_METRICS, first: line 5 has a name of more than 500 bytes, counted with those of "
                    + "the objects around it"
            ])
    }

    @Test func numbersAsTextAreNumbers() throws {
        let (told, tail) = try read(
            """
            {"step": "3", "loss": "0.5", "acc": .5}
            {"step": "3", "loss": "0.5", "acc": " +.5 "}
            {"step": 4.0, "loss": "1e-3", "diverged": "nan", "worst": "-Infinity", "best": "inf"}
            {"step": "5.0", "flag": true, "val": {"loss": "7"}}
            """)
        #expect(
            shown(told) == [
                "loss 3 0.5", "acc 3 0.5", "loss 4 0.001", "diverged 4 nan", "worst 4 -inf", "best 4 inf", "flag 5 1.0",
                "val.loss 5 7.0",
            ])
        #expect(tail.notes == ["1 invalid line in RUNS_METRICS: line 1, column 37: expected a value, found '.'"])
    }

    /// Each is counted and none is silent; the numbers beside them are recorded.
    @Test func whatIsNotANumberIsCounted() throws {
        let (told, tail) = try read(
            """
            {"a": 1}

            {"step": 1, "loss": "n/a", "acc": 0.5, "per_class": [0.1, 0.9], "none": null}
            {"summary": {"name": "resnet", "hex": "0x10", "empty": "", "grouped": "1,000", "share": "95%"}}
            {"accuracy": "high"}
            """)
        #expect(shown(told) == ["a - 1.0", "acc 1 0.5"])
        #expect(tail.notes == [#"8 values left out, first: 'loss' = "n/a" (line 3)"#])
        let (_, one) = try read("{\"long\": \"\(String(repeating: "x", count: 200))\", \"b\": 1}")
        #expect(one.notes == ["1 value left out: 'long' = \"\(String(repeating: "x", count: 59))… (line 1)"])
    }

    /// The values of such a line are recorded, without a place on a curve.
    @Test(arguments: ["1.5", #""later""#, "true", "1e30", "NaN", "[1]"]) func aStepThatIsNotAWholeNumber(
        _ step: String
    ) throws {
        let (told, tail) = try read("{\"step\": \(step), \"loss\": 1}")
        #expect(shown(told) == ["loss - 1.0"])
        #expect(tail.notes == ["1 value left out: 'step' = \(step) (line 1)"])
    }

    @Test func reportsThatTheStageLost() throws {
        let (told, tail) = try read(
            """
            {"unreported": {"count": 2, "example": "OSError: No space left on device"}}
            {"unreported": {"count": 9223372036854775807, "example": "later"}}
            {"unreported": {"count": 5}}
            """)
        #expect(shown(told) == ["unreported.count - 5.0"], "anything else of that name is a metric")
        #expect(
            tail.notes == [
                "9223372036854775807 reports were not written, first: OSError: No space left on device"
            ])
    }

    /// Nothing of what is given up is lost in silence.
    @Test func whatIsGivenUpIsCounted() throws {
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        let line = Array("{\"step\": 1, \"loss\": 0.25}\n".utf8)
        for _ in 0..<100 { try file.append(Array(Array(repeating: line, count: 1000).joined())[...]) }
        tail.end()
        let count = tail.read(at: time).points.count
        #expect(tail.isBehind && count == MetricsTail.mostLineBytes / line.count)
        tail.giveUp()
        #expect(tail.read(at: time).points.isEmpty && tail.readLastLine(at: time).points.isEmpty && !tail.isBehind)
        let unread = (100_000 - count) * line.count
        #expect(tail.notes == ["\(unread) bytes of RUNS_METRICS were not read (interrupted)"])
    }

    /// Both readers say the same of each line, to the last bit.
    @Test(arguments: testSeeds(count: 10)) func plainLinesAreReadLikeOthers(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var plain = PlainLineReader()
        for _ in 0..<2000 {
            let text = Self.numberText(&random)
            let space = ["", " ", "\t"].randomElement(using: &random) ?? ""
            let line = Array("{\(space)\"loss\":\(space)\(text)\(space),\"step\": 3}\(space)".utf8)
            var points: [MetricPoint] = []
            let isPlain = line.withUnsafeBufferPointer { plain.read($0, at: time, into: &points) }
            let general = (try? JSONReader.value(of: line, dialect: .metrics))?["loss"].flatMap(figure)
            if isPlain {
                #expect(points.map(Seen.init) == general.map { [Seen("loss", 3, $0)] }, "seed \(seed): \(text)")
            } else {
                #expect(points.isEmpty, "seed \(seed)")
                #expect(general?.isFinite != true || text.utf8.first == UInt8(ascii: "\""), "seed \(seed): \(text)")
            }
        }
    }

    private static func numberText(_ random: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return "\(Double(bitPattern: random.next()))"
        case 1: return "\(Int64.random(in: .min ... .max, using: &random))"
        case 2: return "\(Double.random(in: -10...10, using: &random))"
        case 3:
            let digits = String(
                (0..<Int.random(in: 1...40, using: &random)).map { _ in
                    "0123456789".randomElement(using: &random) ?? "0"
                })
            return "\(digits).\(digits)e\(Int.random(in: -400...400, using: &random))"
        case 4: return "\(Int.random(in: -99...99, using: &random)).\(Int.random(in: 0...9999, using: &random))"
        case 5:
            return ["-0", "0", "-0.0", "1E5", "1e+5", "1e-5", "5e-324", "1e999", "9007199254740993"]
                .randomElement(using: &random) ?? "0"
        case 6:
            return ["01", "1.", ".5", "+1", "1e", "--1", "1_0", "0x1", "-", "", "1 2", "Nan", "\"0.5\""]
                .randomElement(using: &random) ?? "1."
        default:
            let letters = "0123456789.eE+-"
            return String(
                (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    letters.randomElement(using: &random) ?? "0"
                })
        }
    }

    private func read(_ text: String) throws -> (ReportedLines, MetricsTail) {
        let file = try ScratchFile()
        var tail = MetricsTail(path: file.path)
        try file.append(Array("\(text)\n".utf8)[...])
        tail.end()
        let told = tail.read(at: time)
        return (told, tail)
    }

    private func shown(_ told: ReportedLines) -> [String] {
        told.points.map { "\($0.name) \($0.step.map(String.init) ?? "-") \($0.value)" }
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
    var leftOut = 0
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
        var (leftOut, nulls) = (0, 0)
        let text = object(&random, prefix: "", depth: 0, step: step, &points, &leftOut, &nulls)
        // An object that holds nothing but objects or a step reports nothing.
        return Line(
            bytes: Array(text.utf8), points: points, leftOut: leftOut,
            isBad: points.isEmpty && leftOut == 0 && nulls == 0 && text != "{}")
    }

    private static func object(
        _ random: inout SeededGenerator, prefix: String, depth: Int, step: Int64?, _ points: inout [Seen],
        _ leftOut: inout Int, _ nulls: inout Int
    ) -> String {
        var members: [String] = []
        if depth == 0, let step { members.append("\"step\": \(step)") }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let name = ["loss", "acc", "a.b", "", "é", "x y", "Step"].randomElement(using: &random) ?? "loss"
            let value: String
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where depth < 6:
                value = object(
                    &random, prefix: prefix + name + ".", depth: depth + 1, step: step, &points, &leftOut, &nulls)
            case 1:
                value = ["null", "\"text }\"", "[1, {\"no\": 2}]"].randomElement(using: &random) ?? "null"
                if value == "null" { nulls += 1 } else { leftOut += 1 }
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
