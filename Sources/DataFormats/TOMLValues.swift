// Strings, numbers and dates of TOML. Knows their forms; does not know tables.

import JSON
import Model

extension TOMLScanner {
    // MARK: Strings

    mutating func basicString() throws(DataReadError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                index += 1
                return String(decoding: text, as: UTF8.self)
            }
            try character(into: &text, isRaw: false)
        }
        throw error("unterminated string")
    }

    mutating func literalString() throws(DataReadError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = current {
            if byte == UInt8(ascii: "'") {
                index += 1
                return String(decoding: text, as: UTF8.self)
            }
            try character(into: &text, isRaw: true)
        }
        throw error("unterminated string")
    }

    mutating func longString() throws(DataReadError) -> String { try long(UInt8(ascii: "\""), isRaw: false) }
    mutating func longLiteral() throws(DataReadError) -> String { try long(UInt8(ascii: "'"), isRaw: true) }

    /// Between three quotes; up to two more belong to the text.
    private mutating func long(_ quote: UInt8, isRaw: Bool) throws(DataReadError) -> String {
        let start = position
        index += 3
        _ = takeNewline()
        var text: [UInt8] = []
        while let byte = current {
            if byte == quote {
                let quotes = bytes[index...].prefix(5).prefix { $0 == quote }.count
                index += quotes
                text += repeatElement(quote, count: quotes >= 3 ? quotes - 3 : quotes)
                if quotes >= 3 { return String(decoding: text, as: UTF8.self) }
                continue
            }
            if takeNewline() {
                text.append(UInt8(ascii: "\n"))
            } else if !isRaw, byte == UInt8(ascii: "\\"), try skipFoldedLines() {
                continue
            } else {
                try character(into: &text, isRaw: isRaw)
            }
        }
        throw DataReadError("unterminated string", at: start)
    }

    /// A backslash at the end of a line: all space up to the next text is left out.
    private mutating func skipFoldedLines() throws(DataReadError) -> Bool {
        var end = index + 1
        while end < bytes.count, bytes[end] == UInt8(ascii: " ") || bytes[end] == UInt8(ascii: "\t") { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\n") || bytes[end] == UInt8(ascii: "\r") else {
            return false
        }
        index = end
        while takeNewline() { skipSpace() }
        return true
    }

    private mutating func character(into text: inout [UInt8], isRaw: Bool) throws(DataReadError) {
        let byte = bytes[index]
        if byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F {
            throw error(byte == UInt8(ascii: "\n") ? "unterminated string" : "control character in a string")
        }
        guard !isRaw, byte == UInt8(ascii: "\\") else {
            text.append(byte)
            index += 1
            return
        }
        let start = position
        let letter = index + 1 < bytes.count ? bytes[index + 1] : 0
        index += 2
        switch letter {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = bytes[min(index, bytes.count)...].prefix(letter == UInt8(ascii: "u") ? 4 : 8)
            index += digits.count
            guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(code),
                digits.count == (letter == UInt8(ascii: "u") ? 4 : 8)
            else { throw DataReadError("invalid escape in a string", at: start) }
            text += Array(String(Character(scalar)).utf8)
        default: throw DataReadError("invalid escape in a string", at: start)
        }
    }

    // MARK: Other values

    /// true, false, a number, a date or a time.
    mutating func plainValue() throws(DataReadError) -> JSONNode.Content {
        let start = position
        var word = takeWord()
        if isDate(word), current == UInt8(ascii: " "), index + 1 < bytes.count, isDigit(bytes[index + 1]) {
            index += 1
            word += " " + takeWord()
        }
        switch word {
        case "": throw error("expected a value, found \(found)")
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "inf", "+inf", "-inf", "nan", "+nan", "-nan":
            throw DataReadError("'\(word)' is not a number that a param can have; write it as a string", at: start)
        default: break
        }
        if isDateOrTime(word) { return .string(word) }
        if let number = number(word) { return .number(number) }
        throw DataReadError("'\(word)' is not a value; write a text in quotes", at: start)
    }

    private mutating func takeWord() -> String {
        let first = index
        while let byte = current, !" \t\r\n,]}#='\"[{".utf8.contains(byte) { index += 1 }
        return String(decoding: bytes[first..<index], as: UTF8.self)
    }

    /// The JSON text of a number.
    private func number(_ word: String) -> String? {
        let bytes = Array(word.utf8)
        for place in bytes.indices where bytes[place] == UInt8(ascii: "_") {
            // Only between digits.
            guard place > 0, place + 1 < bytes.count, isHexDigit(bytes[place - 1]), isHexDigit(bytes[place + 1]) else {
                return nil
            }
        }
        var digits = String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
            return decimalText(ofDigits: digits.dropFirst(2), base: base)
        }
        if digits.hasPrefix("+") { digits.removeFirst() }
        return (try? JSONReader.value(of: Array(digits.utf8), dialect: .pipeline)) == .number(digits) ? digits : nil
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private func isHexDigit(_ byte: UInt8) -> Bool { Character(Unicode.Scalar(byte)).isHexDigit }

    private func isDate(_ word: String) -> Bool {
        fits(word, "0000-00-00") && ranges(word, [(5, 1...12), (8, 1...31)])
    }

    private func isDateOrTime(_ word: String) -> Bool {
        if isDate(word) || isTime(word[...]) { return true }
        guard word.utf8.count > 11, isDate(String(word.prefix(10))) else { return false }
        let rest = word.dropFirst(10)
        guard let separator = rest.first, "Tt ".contains(separator) else { return false }
        let time = rest.dropFirst()
        if time.hasSuffix("Z") || time.hasSuffix("z") { return isTime(time.dropLast()) }
        let offset = time.suffix(6)
        if fits(String(offset.dropFirst()), "00:00"), offset.hasPrefix("+") || offset.hasPrefix("-") {
            return isTime(time.dropLast(6)) && ranges(String(offset), [(1, 0...23), (4, 0...59)])
        }
        return isTime(time)
    }

    private func isTime(_ text: Substring) -> Bool {
        let (clock, fraction) = (String(text.prefix(8)), text.dropFirst(8))
        guard fits(clock, "00:00:00"), ranges(clock, [(0, 0...23), (3, 0...59), (6, 0...60)]) else { return false }
        return fraction.isEmpty
            || fraction.count > 1 && fraction.hasPrefix(".") && fraction.dropFirst().utf8.allSatisfy(isDigit)
    }

    private func fits(_ word: String, _ form: String) -> Bool {
        word.utf8.count == form.utf8.count
            && zip(word.utf8, form.utf8).allSatisfy { isDigit($1) ? isDigit($0) : $0 == $1 }
    }

    /// Whether the two digits at each place are in the range.
    private func ranges(_ word: String, _ parts: [(place: Int, range: ClosedRange<Int>)]) -> Bool {
        parts.allSatisfy { part in
            Int(word.dropFirst(part.place).prefix(2)).map(part.range.contains) == true
        }
    }
}
