// Decimal numbers compared by value and exactly, however they are written. Works on the text and never converts to a
// double; does not know what a number is for.

/// A decimal number of any size: a sign, digits, and a power of ten.
public struct DecimalNumber: Hashable, Sendable {
    /// The most significant digits that a param may have.
    public static let digitLimit = 1_000
    /// The largest power of ten that a param may have.
    public static let exponentLimit = 1_000_000

    private let isNegative: Bool
    /// Without zeros at the start and the end; empty for 0.
    private let digits: [UInt8]
    /// The power of ten of the last digit.
    private let exponent: Int

    /// Accepts JSON's numbers, and also `+1`, `.5` and `1.`; nil for anything else.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        let sign = bytes.first
        isNegative = sign == UInt8(ascii: "-")
        if isNegative || sign == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        let whole = bytes.prefix(while: Self.isDigit)
        bytes = bytes.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if bytes.first == UInt8(ascii: ".") {
            fraction = bytes.dropFirst().prefix(while: Self.isDigit)
            bytes = bytes.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var power = 0
        if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
            guard let written = Self.power(bytes.dropFirst()) else { return nil }
            power = written
            bytes = []
        }
        guard bytes.isEmpty else { return nil }
        let all = Array((whole + fraction).drop { $0 == UInt8(ascii: "0") })
        let zeros = all.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        digits = Array(all.dropLast(zeros))
        exponent = digits.isEmpty ? 0 : power - fraction.count + zeros
    }

    /// The digits after `e`. Beyond all limits it is cut off, so that it does not overflow.
    private static func power(_ bytes: ArraySlice<UInt8>) -> Int? {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let digits = isNegative || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes
        guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
        let value = digits.reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), 1 << 40) }
        return isNegative ? -value : value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// The power of ten of the first digit.
    private var magnitude: Int { exponent + digits.count - 1 }

    /// Whether it has too many digits or too large an exponent to be a param.
    public var isBeyondLimits: Bool {
        digits.count > Self.digitLimit || abs(exponent) > Self.exponentLimit || abs(magnitude) > Self.exponentLimit
    }

    public var isZero: Bool { digits.isEmpty }

    /// Whether two different numbers may be this one once they are doubles: more than 15 digits are not all kept.
    public var needsMoreThanADouble: Bool { digits.count > 15 }

    /// The canonical text: the same for all spellings of a number, and for no other number. `-0` is `0`, `0.10` is
    /// `0.1`, `1e2` is `100`; very large and small numbers are `1.5e-7`.
    public var text: String {
        if digits.isEmpty { return "0" }
        var bytes: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        let zero = UInt8(ascii: "0")
        switch magnitude {
        case 0..<21 where exponent >= 0: bytes += digits + repeatElement(zero, count: exponent)
        case 0..<21:
            let whole = magnitude + 1
            bytes += digits[..<whole] + [UInt8(ascii: ".")] + digits[whole...]
        case -6..<0: bytes += [zero, UInt8(ascii: ".")] + repeatElement(zero, count: -1 - magnitude) + digits
        default:
            bytes.append(digits[0])
            if digits.count > 1 { bytes += [UInt8(ascii: ".")] + digits[1...] }
            bytes += Array("e\(magnitude)".utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// JSON text with every number in its canonical form; keys keep their order.
public func withCanonicalNumbers(_ json: String) -> String {
    var result: [UInt8] = []
    var bytes = Array(json.utf8)[...]
    var isInString = false
    while let byte = bytes.first {
        let isNumber = byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        if !isInString, isNumber {
            let word = bytes.prefix { !",]}: ".utf8.contains($0) }
            let spelled = String(decoding: word, as: UTF8.self)
            result += Array((DecimalNumber(spelled)?.text ?? spelled).utf8)
            bytes = bytes.dropFirst(word.count)
            continue
        }
        if isInString, byte == UInt8(ascii: "\\") {
            result += Array(bytes.prefix(2))
            bytes = bytes.dropFirst(2)
            continue
        }
        if byte == UInt8(ascii: "\"") { isInString.toggle() }
        result.append(byte)
        bytes = bytes.dropFirst()
    }
    return String(decoding: result, as: UTF8.self)
}
