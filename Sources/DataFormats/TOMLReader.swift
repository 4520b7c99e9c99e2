// Reads TOML 1.0 into the same tree as JSON, with places. Knows the grammar; does not know what the values are for.

import JSON
import Model

public enum TOMLReader {
    /// The values of the text. Numbers keep their value exactly; dates and times are strings.
    public static func read(_ bytes: [UInt8]) throws(DataReadError) -> JSONNode {
        var scanner = TOMLScanner(bytes)
        return try scanner.document()
    }
}

struct TOMLScanner {
    let bytes: [UInt8]
    var index = 0
    private var line = 1
    private var lineStart = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    var position: JSONPosition {
        JSONPosition(line: line, column: 1 + bytes[lineStart..<index].count { $0 & 0xC0 != 0x80 })
    }

    func error(_ message: String) -> DataReadError { DataReadError(message, at: position) }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[index...].starts(with: $0) }
    }

    var found: String {
        guard let byte = current else { return "the end of the file" }
        if byte < 0x20 || byte == 0x7F {
            return byte == UInt8(ascii: "\n") ? "the end of the line" : "a control character"
        }
        var end = index + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return "'\(String(decoding: bytes[index..<end], as: UTF8.self))'"
    }

    mutating func document() throws(DataReadError) -> JSONNode {
        if let invalid = firstInvalidUTF8(bytes) {
            throw DataReadError("the file is not valid UTF-8", atByte: invalid, of: bytes)
        }
        if starts(with: "\u{FEFF}") { index = 3 }
        let root = TOMLTable(.header, at: JSONPosition(line: 1, column: 1))
        var table = root
        while true {
            try skipLines()
            guard let byte = current else { return root.node }
            if byte == UInt8(ascii: "[") {
                let isList = starts(with: "[[")
                index += isList ? 2 : 1
                let key = try key()
                guard isList ? starts(with: "]]") : current == UInt8(ascii: "]") else {
                    throw error("expected '\(isList ? "]]" : "]")' after the table's name, found \(found)")
                }
                index += isList ? 2 : 1
                let (parent, last) = (try root.parent(ofHeader: key), key.parts[key.parts.count - 1])
                table = isList ? try parent.element(forHeader: last) : try parent.table(forHeader: last)
            } else {
                let key = try key()
                try table.set(key, try valueAfterEquals())
            }
            try endLine()
        }
    }

    // MARK: Space

    mutating func skipSpace() {
        while let byte = current, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { index += 1 }
    }

    /// Whether a line ended here.
    mutating func takeNewline() -> Bool {
        guard current == UInt8(ascii: "\n") || starts(with: "\r\n") else { return false }
        index += current == UInt8(ascii: "\n") ? 1 : 2
        line += 1
        lineStart = index
        return true
    }

    private mutating func skipComment() throws(DataReadError) {
        guard current == UInt8(ascii: "#") else { return }
        while let byte = current, byte != UInt8(ascii: "\n"), !starts(with: "\r\n") {
            if byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F {
                throw error("control character in a comment")
            }
            index += 1
        }
    }

    /// Space, comments and ends of lines.
    private mutating func skipLines() throws(DataReadError) {
        repeat {
            skipSpace()
            try skipComment()
        } while takeNewline()
    }

    private mutating func endLine() throws(DataReadError) {
        skipSpace()
        try skipComment()
        guard current == nil || takeNewline() else { throw error("expected the end of the line, found \(found)") }
    }

    // MARK: Keys

    private mutating func key() throws(DataReadError) -> TOMLKey {
        var key = TOMLKey()
        while true {
            skipSpace()
            let start = position
            let name: String
            switch current {
            case UInt8(ascii: "\""): name = try basicString()
            case UInt8(ascii: "'"): name = try literalString()
            default:
                let first = index
                while let byte = current, Self.isBare(byte) { index += 1 }
                guard index > first else { throw error("expected a key, found \(found)") }
                name = String(decoding: bytes[first..<index], as: UTF8.self)
            }
            key.parts.append(TOMLKey.Part(name: name, position: start))
            guard key.parts.count <= depthLimit else { throw error("nested more than \(depthLimit) levels deep") }
            skipSpace()
            guard current == UInt8(ascii: ".") else { return key }
            index += 1
        }
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: Values

    private mutating func valueAfterEquals() throws(DataReadError) -> JSONNode {
        guard current == UInt8(ascii: "=") else { throw error("expected '=' after the key, found \(found)") }
        index += 1
        skipSpace()
        return try value()
    }

    private mutating func value() throws(DataReadError) -> JSONNode {
        let start = position
        switch current {
        case UInt8(ascii: "\""):
            return JSONNode(.string(try starts(with: "\"\"\"") ? longString() : basicString()), at: start)
        case UInt8(ascii: "'"):
            return JSONNode(.string(try starts(with: "'''") ? longLiteral() : literalString()), at: start)
        case UInt8(ascii: "["):
            return JSONNode(.array(try nested { scanner throws(DataReadError) in try scanner.elements() }), at: start)
        case UInt8(ascii: "{"):
            return try nested { scanner throws(DataReadError) in try scanner.inlineTable(at: start) }
        default: return JSONNode(try plainValue(), at: start)
        }
    }

    private mutating func nested<T>(_ body: (inout TOMLScanner) throws(DataReadError) -> T) throws(DataReadError) -> T {
        guard depth < depthLimit else { throw error("nested more than \(depthLimit) levels deep") }
        depth += 1
        index += 1
        let result = try body(&self)
        depth -= 1
        return result
    }

    private mutating func elements() throws(DataReadError) -> [JSONNode] {
        var elements: [JSONNode] = []
        while true {
            try skipLines()
            if current == UInt8(ascii: "]") { break }
            elements.append(try value())
            try skipLines()
            if current == UInt8(ascii: ",") {
                index += 1
            } else if current != UInt8(ascii: "]") {
                throw error("expected ',' or ']', found \(found)")
            }
        }
        index += 1
        return elements
    }

    private mutating func inlineTable(at start: JSONPosition) throws(DataReadError) -> JSONNode {
        let table = TOMLTable(.inline, at: start)
        skipSpace()
        if current == UInt8(ascii: "}") {
            index += 1
            return table.node
        }
        while true {
            let key = try key()
            try table.set(key, try valueAfterEquals())
            skipSpace()
            if current == UInt8(ascii: "}") { break }
            guard current == UInt8(ascii: ",") else { throw error("expected ',' or '}', found \(found)") }
            index += 1
        }
        index += 1
        return table.node
    }
}
