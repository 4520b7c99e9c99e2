// Numbers and params that a stage appends to its file, a JSON object a line, while it runs. Knows the format; does not
// know where they are stored.

import Glibc
import JSON
import Model

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
    private(set) var badLines = 0
    /// Of a line, and of what is read at a time.
    static let mostLineBytes = 1 << 20
    /// A line longer than this is not waited for the end of: the rest of the file is given up.
    static let mostSkippedBytes = 64 << 20

    /// Where the file ended when the stage did: later writes are ignored.
    private var endOffset: off_t?
    /// The last `read` left something.
    private(set) var isBehind = false

    init(path: String) { self.path = path }

    /// The stage has ended: nothing that is written from now on is read.
    mutating func end() {
        guard endOffset == nil, let (descriptor, size) = openRegularFile(path) else { return }
        close(descriptor)
        endOffset = size
    }

    /// What the lines completed since the last call report, out of at most a mebibyte.
    mutating func read(at time: Timestamp) -> ReportedLines {
        isBehind = false
        guard let (descriptor, size) = openRegularFile(path) else { return ReportedLines() }
        defer { close(descriptor) }
        guard let reported = readPiece(of: descriptor, size: size, at: time) else { return ReportedLines() }
        isBehind = offset < min(size, endOffset ?? size) && skippedBytes <= Self.mostSkippedBytes
        return reported
    }

    /// A last line without a newline: once everything else was read.
    mutating func readLastLine(at time: Timestamp) -> ReportedLines {
        var reported = ReportedLines()
        if !partial.isEmpty, !isSkipping { take(line: partial[...], at: time, into: &reported) }
        partial = []
        return reported
    }

    /// nil where nothing was left to read.
    private mutating func readPiece(of descriptor: Int32, size: off_t, at time: Timestamp) -> ReportedLines? {
        let size = min(size, endOffset ?? size)
        guard offset < size, skippedBytes <= Self.mostSkippedBytes else { return nil }
        var piece = [UInt8](repeating: 0, count: min(Self.mostLineBytes, Int(size - offset)))
        let count = pread(descriptor, &piece, piece.count, offset)
        guard count > 0 else { return nil }
        offset += off_t(count)
        partial.append(contentsOf: piece[..<count])
        var reported = ReportedLines()
        takeLines(at: time, into: &reported)
        return reported
    }

    private mutating func takeLines(at time: Timestamp, into reported: inout ReportedLines) {
        var start = partial.startIndex
        while let end = partial[start...].firstIndex(of: UInt8(ascii: "\n")) {
            // Its length decides, not how it was cut into pieces.
            if !isSkipping, end - start > Self.mostLineBytes {
                badLines += 1
            } else if !isSkipping {
                take(line: partial[start..<end], at: time, into: &reported)
            }
            isSkipping = false
            start = end + 1
        }
        partial.removeSubrange(..<start)
        if !isSkipping, partial.count > Self.mostLineBytes {
            badLines += 1
            isSkipping = true
        }
        skippedBytes = isSkipping ? skippedBytes + partial.count : 0
        if isSkipping { partial.removeAll() }
    }

    /// `{"step": 3, "loss": 0.4}`, `{"param": {…}}`, `{"summary": {…}}`, or several of them in one line.
    private mutating func take(line: ArraySlice<UInt8>, at time: Timestamp, into reported: inout ReportedLines) {
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { return }
        guard let value = try? JSONReader.value(of: Array(line), dialect: .metrics), case .object(let members) = value
        else {
            badLines += 1
            return
        }
        // Counts, not a copy: it would be made for each line.
        let (pointsBefore, paramsBefore) = (reported.points.count, reported.params.count)
        let inputsBefore = reported.inputs.count
        var isGood = true
        var figures: [JSONValue.Member] = []
        for member in members {
            switch (member.name, member.value) {
            case ("param", .object(let params)): isGood = isGood && flatten(params, prefix: "", into: &reported.params)
            case ("summary", .object(let inner)):
                isGood = isGood && flatten(inner, prefix: "", step: nil, at: time, into: &reported.points)
            case ("step", _): continue
            case ("input", .string(let path)): reported.inputs.append(path)
            default: figures.append(member)
            }
        }
        let step = value["step"].flatMap(metricValue).flatMap(Int64.init(exactly:))
        // A step that is no whole number would put points of a curve on top of each other.
        isGood = isGood && (value["step"] == nil || value["step"] == .null || step != nil)
        isGood = isGood && flatten(figures, prefix: "", step: step, at: time, into: &reported.points)
        // A line that reports nothing is a mistake.
        isGood =
            isGood
            && (reported.points.count > pointsBefore || reported.params.count > paramsBefore
                || reported.inputs.count > inputsBefore || members.isEmpty)
        if !isGood {
            reported.points.removeSubrange(pointsBefore...)
            reported.params.removeSubrange(paramsBefore...)
            reported.inputs.removeSubrange(inputsBefore...)
            badLines += 1
        }
    }
}
