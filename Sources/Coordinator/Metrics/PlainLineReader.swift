// Reads lines of RUNS_METRICS that are flat objects of numbers, as nearly all are, without a value for each of their
// parts: several times as fast as JSONReader. Knows these lines only; leaves all others to JSONReader.

import Glibc
import Model

/// Keeps the names of the last line, since the next one most likely has the same.
struct PlainLineReader {
    private var keys: [(bytes: [UInt8], name: String)] = []
    private var values: [Double] = []

    /// Appends the points of a line.
    ///
    /// - Returns: false, with nothing appended, if the line is not an object of at least one number, with names of
    ///   printable ASCII without escapes and a whole number as its only `step`, if any.
    mutating func read(
        _ line: UnsafeBufferPointer<UInt8>, at time: Timestamp, into points: inout [MetricPoint]
    ) -> Bool {
        var cursor = LineCursor(bytes: line)
        guard cursor.take(UInt8(ascii: "{")) else { return false }
        values.removeAll(keepingCapacity: true)
        var step: Int64?
        repeat {
            guard let key = cursor.key(), cursor.take(UInt8(ascii: ":")), let number = cursor.number() else {
                return false
            }
            if key.elementsEqual("step".utf8) {
                guard step == nil, let whole = number.whole else { return false }
                step = whole
            } else {
                note(key, at: values.count)
                values.append(number.value)
            }
        } while cursor.take(UInt8(ascii: ","))
        guard cursor.take(UInt8(ascii: "}")), cursor.isAtEnd, !values.isEmpty else { return false }
        for (index, value) in values.enumerated() {
            points.append(MetricPoint(name: keys[index].name, step: step, value: value, recordedAt: time))
        }
        return true
    }

    private mutating func note(_ key: UnsafeBufferPointer<UInt8>, at index: Int) {
        if index < keys.count {
            if key.elementsEqual(keys[index].bytes) { return }
            keys[index] = (Array(key), String(decoding: key, as: UTF8.self))
        } else {
            keys.append((Array(key), String(decoding: key, as: UTF8.self)))
        }
    }
}

/// A place in a line.
private struct LineCursor {
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return index == bytes.count
        }
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == 32 || bytes[index] == 9 || bytes[index] == 13 { index += 1 }
    }

    /// Skips spaces, and this byte if it follows them.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// The bytes of a quoted name.
    mutating func key() -> UnsafeBufferPointer<UInt8>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = index
        while index < bytes.count, (0x20..<0x7F).contains(bytes[index]), bytes[index] != UInt8(ascii: "\\") {
            if bytes[index] == UInt8(ascii: "\"") {
                defer { index += 1 }
                guard index - start <= mostNameBytes else { return nil }
                return UnsafeBufferPointer(rebasing: bytes[start..<index])
            }
            index += 1
        }
        return nil
    }

    /// A number of the JSON grammar; `whole` if it is written without fraction and exponent.
    mutating func number() -> (value: Double, whole: Int64?)? {
        skipSpace()
        let start = index
        let isNegative = take(UInt8(ascii: "-"))
        var decimal = Decimal()
        let whole = digits(into: &decimal)
        guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else { return nil }
        var isWhole = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            isWhole = false
            let places = digits(into: &decimal)
            guard places > 0 else { return nil }
            decimal.exponent -= places
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            isWhole = false
            guard let exponent = exponent() else { return nil }
            decimal.exponent += exponent
        }
        let value = decimal.value ?? text(from: start)
        let signed = isNegative && decimal.value != nil ? -value : value
        guard isWhole, !decimal.isLong, let magnitude = Int64(exactly: decimal.digits) else { return (signed, nil) }
        return (signed, isNegative ? -magnitude : magnitude)
    }

    /// How many there are.
    private mutating func digits(into decimal: inout Decimal) -> Int {
        let start = index
        while index < bytes.count, (48...57).contains(bytes[index]) {
            decimal.append(bytes[index] - 48)
            index += 1
        }
        return index - start
    }

    private mutating func exponent() -> Int? {
        var isNegative = false
        if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        var exponent = Decimal()
        guard digits(into: &exponent) > 0, !exponent.isLong else { return nil }
        let magnitude = Int(min(exponent.digits, 1_000_000))
        return isNegative ? -magnitude : magnitude
    }

    /// The number from there to here, by the C library.
    private func text(from start: Int) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: index - start + 1) { text in
            for offset in 0..<(index - start) { text[offset] = CChar(bitPattern: bytes[start + offset]) }
            text[index - start] = 0
            return text.baseAddress.map { strtod($0, nil) } ?? 0
        }
    }
}

/// digits · 10^exponent.
private struct Decimal {
    private(set) var digits: UInt64 = 0
    var exponent = 0
    /// There are more digits than fit.
    private(set) var isLong = false

    mutating func append(_ digit: UInt8) {
        if digits < 1_000_000_000_000_000_000 { digits = digits * 10 + UInt64(digit) } else { isLong = true }
    }

    /// Exact where both factors are exact doubles, since one operation rounds once (W. Clinger, "How to read floating
    /// point numbers accurately", PLDI 1990). nil: not that simple.
    var value: Double? {
        guard !isLong, digits <= 1 << 53, abs(exponent) <= 22 else { return nil }
        return exponent < 0 ? Double(digits) / Self.powers[-exponent] : Double(digits) * Self.powers[exponent]
    }

    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
