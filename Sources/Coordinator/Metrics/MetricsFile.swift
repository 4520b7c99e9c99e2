// Numbers that a stage leaves in a JSON file after success. Knows the format; does not know where they are stored.

import Glibc
import JSON
import Model

/// What was read of a metrics file.
struct FinalMetrics {
    var points: [MetricPoint] = []
    /// A sentence about values that are not numbers.
    var note: String?
    /// A sentence where it is not a JSON object.
    var problem: String?
}

/// The numbers of a metrics file; nested objects are flattened with dots.
func finalMetrics(ofFile path: String, shownAs name: String, at time: Timestamp) -> FinalMetrics {
    guard let (descriptor, size) = openRegularFile(path) else {
        return FinalMetrics(problem: "its metrics file '\(name)' cannot be read")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Int(clamping: min(size, off_t(mostFileBytes) + 1)))
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count >= 0, count <= mostFileBytes else {
        return FinalMetrics(
            problem:
                "its metrics file '\(name)' is larger than \(mostFileBytes >> 20) MiB. Write figures to it, not data")
    }
    let value: JSONValue
    do {
        value = try JSONReader.value(of: Array(bytes[..<count]), dialect: .metrics)
    } catch {
        return FinalMetrics(problem: "its metrics file '\(name)' is not valid JSON: \(error)")
    }
    guard case .object(let members) = value else {
        return FinalMetrics(problem: "its metrics file '\(name)' must hold a JSON object at the top")
    }
    var values = ReportedValues(step: nil, at: time)
    guard values.add(members) else {
        return FinalMetrics(
            problem: "its metrics file '\(name)' has a name of more than \(mostNameBytes) bytes, counted with those of "
                + "the objects around it")
    }
    var leftOut = LeftOut()
    for value in values.leftOut { leftOut.add(exampleText(value.name, value.value)) }
    return FinalMetrics(
        points: values.points,
        note: leftOut.text("1 value of '\(name)' left out", "values of '\(name)' left out"))
}

/// Enough for figures.
private let mostFileBytes = 16 << 20
