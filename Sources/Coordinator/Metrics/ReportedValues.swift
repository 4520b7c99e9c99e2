// Which of the values that a stage reports are numbers, and what becomes of the others. Knows JSON values; does not
// know files.

import Glibc
import Model

/// A name, counted with those of the objects around it. Names are repeated for everything inside an object, so that a
/// small file could fill the memory.
let mostNameBytes = 500

/// Numbers with the names of the objects around them, and how many other values there were.
struct ReportedValues {
    let step: Int64?
    let time: Timestamp
    private(set) var points: [MetricPoint] = []
    /// Texts that are not numbers, and arrays. null stands for no value and is not counted.
    private(set) var leftOut: [(name: String, value: JSONValue)] = []

    init(step: Int64?, at time: Timestamp) {
        self.step = step
        self.time = time
    }

    /// False, with some of the values, where a name is too long.
    mutating func add(_ members: [JSONValue.Member], prefix: String = "") -> Bool {
        for member in members {
            guard prefix.utf8.count + member.name.utf8.count <= mostNameBytes else { return false }
            let name = prefix + member.name
            if let value = figure(member.value) {
                points.append(MetricPoint(name: name, step: step, value: value, recordedAt: time))
                continue
            }
            switch member.value {
            case .object(let inner): guard add(inner, prefix: name + ".") else { return false }
            case .null: continue
            case .bool, .number, .string, .array: leftOut.append((name, member.value))
            }
        }
        return true
    }
}

/// A number, also one that is given as text; true is 1 and false is 0. nil: anything else.
func figure(_ value: JSONValue) -> Double? {
    switch value {
    case .bool(let flag): flag ? 1 : 0
    // Python writes NaN and Infinity, which JSON does not have.
    case .number(let text), .string(let text): number(text)
    case .null, .array, .object: nil
    }
}

/// A whole number: `3`, `3.0`, `"3"`.
func wholeNumber(_ value: JSONValue) -> Int64? {
    switch value {
    case .number(let text), .string(let text): Int64(text) ?? number(text).flatMap(Int64.init(exactly:))
    case .bool, .null, .array, .object: nil
    }
}

/// A decimal number as programs print it, with spaces around it: `0.5`, `+.5`, `1e-3`, `nan`, `-Infinity`.
private func number(_ text: String) -> Double? {
    let digits = text.utf8.drop { $0 == 32 || $0 == 9 }
    let end = digits.lastIndex { $0 != 32 && $0 != 9 }.map(digits.index(after:)) ?? digits.startIndex
    let trimmed = Substring(digits[..<end])
    guard !trimmed.isEmpty else { return nil }
    if trimmed.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }) { return Double(trimmed) }
    switch trimmed.lowercased() {
    case "nan", "+nan", "-nan": return .nan
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: return nil
    }
}

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
