// Parses the strings of a JSON text and checks that its bytes are UTF-8. Knows escapes; does not know other values.

extension Scanner {
    /// The string that begins at `index`, with escapes replaced.
    mutating func string() throws(JSONReadError) -> String {
        let start = position
        index += 1
        let first = index
        // Most strings have no escapes and are copied as they are.
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: bytes[first..<(index - 1)], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: first, start: start)
            case 0..<0x20: throw controlCharacter(byte)
            default:
                index += 1
                noteContinuation(byte)
            }
        }
        throw error("unterminated string", at: start)
    }

    private mutating func escapedString(from first: Int, start: JSONPosition) throws(JSONReadError) -> String {
        var text = Array(bytes[first..<index])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw controlCharacter(byte)
            default:
                text.append(byte)
                index += 1
                noteContinuation(byte)
            }
        }
        throw error("unterminated string", at: start)
    }

    private func controlCharacter(_ byte: UInt8) -> JSONReadError {
        byte == UInt8(ascii: "\n")
            ? error("line break in a string; write it as \\n")
            : error("control character in a string; write it as an escape")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONReadError) {
        let start = position
        index += 1
        guard let letter = current else { throw error("unterminated string", at: start) }
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar(start)).utf8)
        default:
            index -= 1
            throw error("invalid escape in a string: \\ before \(found)", at: start)
        }
    }

    /// The scalar of `\uXXXX` or of a surrogate pair.
    private mutating func escapedScalar(_ start: JSONPosition) throws(JSONReadError) -> Unicode.Scalar {
        let first = try fourDigits(start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        let isPair =
            first < 0xDC00 && index + 1 < bytes.count
            && bytes[index] == UInt8(ascii: "\\") && bytes[index + 1] == UInt8(ascii: "u")
        if isPair {
            index += 2
            let second = try fourDigits(start)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw error("unpaired surrogate in a string", at: start)
    }

    private mutating func fourDigits(_ start: JSONPosition) throws(JSONReadError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw error("\\u must be followed by four hexadecimal digits", at: start)
            }
            value = value << 4 + UInt32(digit)
            index += 1
        }
        return value
    }
}

/// The offset of the first byte that is not part of a valid character.
public func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
    var index = 0
    while index < bytes.count {
        let lead = bytes[index]
        if lead < 0x80 {
            index += 1
            continue
        }
        // The range of the second byte excludes overlong forms, surrogates and values above U+10FFFF.
        let (count, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: return index
        }
        guard index + count <= bytes.count, second.contains(bytes[index + 1]) else { return index }
        for offset in 2..<max(count, 3) where offset < count && bytes[index + offset] & 0xC0 != 0x80 { return index }
        index += count
    }
    return nil
}
