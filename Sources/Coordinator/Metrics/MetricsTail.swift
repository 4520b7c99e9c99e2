// Numbers and params that a stage appends to its file, a JSON object a line, while it runs. Knows the format; does not
// know where they are stored.

import Glibc
import JSON
import Model
import Programs

/// What a stage reported in lines.
struct ReportedLines: Sendable {
    var points: [MetricPoint] = []
    var params: [Param] = []
    /// Paths of `{"input": …}` lines.
    var inputs: [String] = []
}

/// The params of a `{"param": {…}}` line; nested objects are flattened with dots. False as for metrics.
private func flatten(_ members: [JSONValue.Member], prefix: String, into params: inout [Param]) -> Bool {
    for member in members {
        guard prefix.utf8.count + member.name.utf8.count <= mostNameBytes else { return false }
        let name = prefix + member.name
        if case .object(let inner) = member.value {
            guard flatten(inner, prefix: name + ".", into: &params) else { return false }
        } else {
            params.append(Param(name: name, value: member.value))
        }
    }
    return true
}

/// Follows the file that a running stage appends its metrics to.
struct MetricsTail {
    let path: String
    private var offset: off_t = 0
    /// The beginning of a line whose end is not written yet.
    private(set) var partial: [UInt8] = []
    /// Inside of a line that is too long to be one.
    private var isSkipping = false
    /// Bytes of that line so far.
    private var skippedBytes = 0
    /// Of a line, and of what is read at a time.
    static let mostLineBytes = 1 << 20
    /// A line longer than this is not waited for the end of: the rest of the file is given up.
    static let mostSkippedBytes = 64 << 20

    private var plain = PlainLineReader()
    /// The line that was read last, from 1.
    private var lineNumber = 0
    private(set) var badLines = LeftOut()
    private(set) var leftOut = LeftOut()
    /// Reports that the stage could not write.
    private var unwritten = LeftOut()
    /// What was given up.
    private var unreadBytes: Int64 = 0
    /// Of the file that was read first.
    private var inode: UInt64?
    /// Whether the stage removed, replaced or truncated the file.
    private var isDamaged = false

    /// Where the file ended when the stage did: later writes are ignored.
    private var endOffset: off_t?
    /// The last `read` left something.
    private(set) var isBehind = false
    /// How much the last `read` read.
    private(set) var readBytes = 0

    init(path: String) { self.path = path }

    /// The stage has ended: nothing that is written from now on is read.
    mutating func end() {
        guard endOffset == nil else { return }
        do throws(StateFile.Failure) {
            let (descriptor, status) = try openReportFile(path)
            close(descriptor)
            endOffset = status.st_size
            check(status)
        } catch {
            isDamaged = isDamaged || !error.isMissing || inode != nil
        }
    }

    /// Compares the file with the one that was read before.
    private mutating func check(_ status: stat) {
        let found = UInt64(status.st_ino)
        if status.st_size < offset || inode ?? found != found { isDamaged = true }
        inode = inode ?? found
    }

    /// Nothing more is read of a stage that has ended.
    mutating func giveUp() {
        guard let endOffset, offset < endOffset else { return }
        unreadBytes = Int64(endOffset - offset) + Int64(partial.count)
        (offset, partial, isBehind) = (endOffset, [], false)
    }

    /// What the lines completed since the last call report, out of at most a mebibyte.
    mutating func read(at time: Timestamp) -> ReportedLines {
        (isBehind, readBytes) = (false, 0)
        guard let (descriptor, status) = try? openReportFile(path) else { return ReportedLines() }
        defer { close(descriptor) }
        let size = status.st_size
        check(status)
        guard let reported = readPiece(of: descriptor, size: size, at: time) else { return ReportedLines() }
        isBehind = offset < min(size, endOffset ?? size) && skippedBytes <= Self.mostSkippedBytes
        return reported
    }

    /// A last line without a newline: once everything else was read.
    mutating func readLastLine(at time: Timestamp) -> ReportedLines {
        var reported = ReportedLines()
        let line = partial
        partial = []
        if !line.isEmpty, !isSkipping { line.withUnsafeBufferPointer { take(line: $0, at: time, into: &reported) } }
        return reported
    }

    /// Whether something was given up.
    var isGivenUp: Bool { unreadBytes > 0 }

    /// Sentences about what was not recorded.
    var notes: [String] {
        let unread = unreadBytes > 0 ? "\(unreadBytes) bytes of RUNS_METRICS were not read (interrupted)" : nil
        return [
            badLines.text("1 invalid line in RUNS_METRICS", "invalid lines in RUNS_METRICS"),
            leftOut.text("1 value left out", "values left out"),
            unwritten.text("1 report was not written", "reports were not written"), unread,
            isDamaged ? "RUNS_METRICS was removed, replaced or truncated: reports are missing" : nil,
        ].compactMap(\.self)
    }

    /// nil where nothing was left to read.
    private mutating func readPiece(of descriptor: Int32, size: off_t, at time: Timestamp) -> ReportedLines? {
        let size = min(size, endOffset ?? size)
        guard offset < size, skippedBytes <= Self.mostSkippedBytes else { return nil }
        var piece = [UInt8](repeating: 0, count: min(Self.mostLineBytes, Int(size - offset)))
        let count = pread(descriptor, &piece, piece.count, offset)
        guard count > 0 else { return nil }
        offset += off_t(count)
        readBytes = count
        partial.append(contentsOf: piece[..<count])
        var reported = ReportedLines()
        takeLines(at: time, into: &reported)
        return reported
    }

    private mutating func takeLines(at time: Timestamp, into reported: inout ReportedLines) {
        let bytes = partial
        partial = []
        let start = bytes.withUnsafeBufferPointer { takeLines(of: $0, at: time, into: &reported) }
        partial = Array(bytes[start...])
        if !isSkipping, partial.count > Self.mostLineBytes {
            lineNumber += 1
            addTooLongLine()
            isSkipping = true
        }
        skippedBytes = isSkipping ? skippedBytes + partial.count : 0
        if isSkipping { partial.removeAll() }
    }

    /// Where the first line without an end begins.
    private mutating func takeLines(
        of bytes: UnsafeBufferPointer<UInt8>, at time: Timestamp, into reported: inout ReportedLines
    ) -> Int {
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress,
            let newline = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
        {
            let end = UnsafeRawPointer(base).distance(to: newline)
            // Its length decides, not how it was cut into pieces.
            if isSkipping {
                isSkipping = false
            } else if end - start > Self.mostLineBytes {
                lineNumber += 1
                addTooLongLine()
            } else {
                take(line: UnsafeBufferPointer(rebasing: bytes[start..<end]), at: time, into: &reported)
            }
            start = end + 1
        }
        return start
    }

    private mutating func addTooLongLine() { badLines.add("line \(lineNumber) is longer than 1 MiB") }

    /// `{"step": 3, "loss": 0.4}`, `{"param": {…}}`, `{"summary": {…}}`, or several of them in one line.
    private mutating func take(
        line: UnsafeBufferPointer<UInt8>, at time: Timestamp, into reported: inout ReportedLines
    ) {
        lineNumber += 1
        if plain.read(line, at: time, into: &reported.points) { return }
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { return }
        let value: JSONValue
        do {
            value = try JSONReader.value(of: Array(line), dialect: .metrics)
        } catch {
            badLines.add("line \(lineNumber), column \(error.column): \(error.message)")
            return
        }
        guard case .object(let members) = value else {
            badLines.add("line \(lineNumber) is not an object")
            return
        }
        var summary = ReportedValues(step: nil, at: time)
        var params: [Param] = []
        var inputs: [String] = []
        var figures: [JSONValue.Member] = []
        var areNamesShort = true
        for member in members {
            switch (member.name, member.value) {
            case ("param", .object(let inner)):
                areNamesShort = areNamesShort && flatten(inner, prefix: "", into: &params)
            case ("summary", .object(let inner)): areNamesShort = areNamesShort && summary.add(inner)
            case ("unreported", .object): if !addUnwritten(member.value) { figures.append(member) }
            case ("step", _): continue
            case ("input", .string(let path)): inputs.append(path)
            default: figures.append(member)
            }
        }
        let step = value["step"].flatMap(wholeNumber)
        var values = ReportedValues(step: step, at: time)
        guard areNamesShort, values.add(figures) else {
            badLines.add(
                "line \(lineNumber) has a name of more than \(mostNameBytes) bytes, counted with those of the objects "
                    + "around it")
            return
        }
        // A step that is not a whole number has no place on a curve; its values are recorded without one.
        if let given = value["step"], given != .null, step == nil {
            leftOut.add("\(exampleText("step", given)) (line \(lineNumber))")
        }
        for value in summary.leftOut + values.leftOut {
            leftOut.add("\(exampleText(value.name, value.value)) (line \(lineNumber))")
        }
        reported.points += summary.points + values.points
        reported.params += params
        reported.inputs += inputs
        if !members.isEmpty, !members.contains(where: { $0.name != "step" && hasValue($0.value) }) {
            badLines.add("line \(lineNumber) reports nothing")
        }
    }

    /// `{"unreported": {"count": 3, "example": "No space left on device"}}`, of the Python module. False: it is
    /// something else.
    private mutating func addUnwritten(_ value: JSONValue) -> Bool {
        guard let count = value["count"].flatMap(wholeNumber), count > 0, case .string(let example)? = value["example"]
        else { return false }
        unwritten.add(String(example.prefix(200)), count: Int(count))
        return true
    }
}

/// Whether it is, or holds, anything but objects.
private func hasValue(_ value: JSONValue) -> Bool {
    guard case .object(let members) = value else { return true }
    return members.contains { hasValue($0.value) }
}

/// A file that a stage appends to, which it may have replaced by anything.
func openReportFile(_ path: String) throws(StateFile.Failure) -> (descriptor: Int32, status: stat) {
    let descriptor = try StateFile.open(path, O_RDONLY)
    var status = stat()
    fstat(descriptor, &status)
    return (descriptor, status)
}
