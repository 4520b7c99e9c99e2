// Numbers that a stage leaves in a JSON file after success. Knows the format; does not know where they are stored.

import Glibc
import JSON
import Model

/// The numbers of a metrics file; nested objects are flattened with dots. A sentence where it is not a JSON object.
func finalMetrics(ofFile path: String, shownAs name: String, at time: Timestamp) -> (
    points: [MetricPoint], problem: String?
) {
    guard let (descriptor, size) = openRegularFile(path) else {
        return ([], "its metrics file '\(name)' cannot be read")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Int(clamping: min(size, off_t(mostFileBytes) + 1)))
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count >= 0, count <= mostFileBytes else {
        return (
            [], "its metrics file '\(name)' is larger than \(mostFileBytes >> 20) MiB. Write figures to it, not data"
        )
    }
    let value: JSONValue
    do {
        value = try JSONReader.value(of: Array(bytes[..<count]), dialect: .metrics)
    } catch {
        return ([], "its metrics file '\(name)' is not valid JSON: \(error)")
    }
    guard case .object(let members) = value else {
        return ([], "its metrics file '\(name)' must hold a JSON object at the top")
    }
    var points: [MetricPoint] = []
    guard flatten(members, prefix: "", step: nil, at: time, into: &points) else {
        return (
            [],
            "its metrics file '\(name)' has a name of more than \(mostNameBytes) bytes, counted with those of the objects around it"
        )
    }
    return (points, nil)
}

/// False, with some of the points, where a name is too long: names are repeated for everything inside an object, so
/// that a small file could fill the memory.
func flatten(
    _ members: [JSONValue.Member], prefix: String, step: Int64?, at time: Timestamp, into points: inout [MetricPoint]
) -> Bool {
    for member in members {
        guard prefix.utf8.count + member.name.utf8.count <= mostNameBytes else { return false }
        let name = prefix + member.name
        switch member.value {
        case .number:
            if let value = metricValue(member.value) {
                points.append(MetricPoint(name: name, step: step, value: value, recordedAt: time))
            }
        case .bool(let flag): points.append(MetricPoint(name: name, step: step, value: flag ? 1 : 0, recordedAt: time))
        case .object(let inner):
            guard flatten(inner, prefix: name + ".", step: step, at: time, into: &points) else { return false }
        case .null, .string, .array: continue
        }
    }
    return true
}

/// Enough for figures.
private let mostFileBytes = 16 << 20
let mostNameBytes = 500

/// nil for anything but a regular file: a FIFO would block its reader, a device never ends.
func openRegularFile(_ path: String) -> (descriptor: Int32, size: off_t)? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        return nil
    }
    return (descriptor, status.st_size)
}

/// Python writes NaN and Infinity, which JSON does not have.
func metricValue(_ value: JSONValue) -> Double? {
    guard case .number(let text) = value else { return nil }
    switch text {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default: return Double(text)
    }
}
