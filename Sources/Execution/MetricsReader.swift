// Numbers that stages report: a JSON file after success, or lines while they run. Knows the two forms; does not know
// where they are kept.

import Glibc
import JSON
import Model

/// The numbers of a metrics file; nested objects are flattened with dots. A sentence where it is no JSON object.
func finalMetrics(ofFile path: String, shownAs name: String, at time: Timestamp) -> (points: [MetricPoint], problem: String?) {
    guard let descriptor = openRegularFile(path) else { return ([], "its metrics file '\(name)' cannot be read") }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: mostFileBytes + 1)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count >= 0, count <= mostFileBytes else {
        return ([], "its metrics file '\(name)' is larger than \(mostFileBytes >> 20) MiB. Write figures, not data, to it")
    }
    let value: JSONValue
    do {
        value = try JSONReader.value(of: Array(bytes[..<count]), dialect: .metrics)
    } catch {
        return ([], "its metrics file '\(name)' is no JSON: \(error)")
    }
    guard case .object(let members) = value else {
        return ([], "its metrics file '\(name)' must hold a JSON object at the top")
    }
    var points: [MetricPoint] = []
    flatten(members, prefix: "", step: nil, at: time, into: &points)
    return (points, nil)
}

private func flatten(
    _ members: [JSONValue.Member], prefix: String, step: Int64?, at time: Timestamp, into points: inout [MetricPoint]
) {
    for member in members {
        let name = prefix + member.name
        switch member.value {
        case .number: 
            if let value = metricValue(member.value) {
                points.append(MetricPoint(name: name, step: step, value: value, recordedAt: time))
            }
        case .bool(let flag): points.append(MetricPoint(name: name, step: step, value: flag ? 1 : 0, recordedAt: time))
        case .object(let inner): flatten(inner, prefix: name + ".", step: step, at: time, into: &points)
        case .null, .string, .array: continue
        }
    }
}

/// Figures need no more.
private let mostFileBytes = 16 << 20

/// nil for what a stage may have put in a file's place: a fifo would keep its reader waiting, a device never ends.
private func openRegularFile(_ path: String) -> Int32? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        return nil
    }
    return descriptor
}

/// Python writes NaN and Infinity where JSON has no word for them.
private func metricValue(_ value: JSONValue) -> Double? {
    guard case .number(let text) = value else { return nil }
    switch text {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default: return Double(text)
    }
}

/// Follows the file that a running stage appends its metrics to.
struct MetricsTail {
    private let path: String
    private var offset: off_t = 0
    /// The beginning of a line whose end is not written yet.
    private var partial: [UInt8] = []
    /// Inside of a line that is too long to be one.
    private var isSkipping = false
    private(set) var badLines = 0
    private static let mostLineBytes = 1 << 20

    init(path: String) { self.path = path }

    /// Points of the lines completed since the last call, at most about a mebibyte of them.
    ///
    /// - Parameter isLast: also takes a last line that lacks its newline.
    mutating func read(at time: Timestamp, isLast: Bool) -> [MetricPoint] {
        var points: [MetricPoint] = []
        guard let descriptor = openRegularFile(path) else { return points }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        repeat {
            let count = pread(descriptor, &chunk, chunk.count, offset)
            guard count > 0 else { break }
            offset += off_t(count)
            partial.append(contentsOf: chunk[..<count])
            takeLines(at: time, into: &points)
        } while isLast
        if isLast, !partial.isEmpty, !isSkipping {
            take(line: partial[...], at: time, into: &points)
            partial = []
        }
        return points
    }

    /// Once everything in it was read.
    func removeFile() { unlink(path) }

    private mutating func takeLines(at time: Timestamp, into points: inout [MetricPoint]) {
        var start = partial.startIndex
        while let end = partial[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if !isSkipping { take(line: partial[start..<end], at: time, into: &points) }
            isSkipping = false
            start = end + 1
        }
        partial.removeSubrange(..<start)
        if partial.count > Self.mostLineBytes {
            if !isSkipping { badLines += 1 }
            isSkipping = true
            partial.removeAll()
        }
    }

    private mutating func take(line: ArraySlice<UInt8>, at time: Timestamp, into points: inout [MetricPoint]) {
        guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { return }
        guard let value = try? JSONReader.value(of: Array(line), dialect: .metrics), case .object(let members) = value else {
            badLines += 1
            return
        }
        let step = value["step"].flatMap(metricValue).flatMap { Int64(exactly: $0.rounded()) }
        flatten(members.filter { $0.name != "step" }, prefix: "", step: step ?? nil, at: time, into: &points)
    }
}
