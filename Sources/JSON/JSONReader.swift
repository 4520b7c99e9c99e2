// Parses JSON from UTF-8 bytes, one byte at a time, without backtracking. Knows the grammar and its two dialects; does
// not know what the values are for.

import Model

/// What is accepted in addition to JSON.
public enum JSONDialect: Sendable {
    /// `//` and `/* */` comments, and trailing commas.
    case pipeline
    /// `NaN`, `Infinity` and `-Infinity`, as Python writes them; numbers with that text.
    case metrics
}

/// Why and where a text is not valid JSON.
public struct JSONReadError: Error, Hashable, Sendable, CustomStringConvertible {
    public let line: Int
    public let column: Int
    /// A sentence without a full stop.
    public let message: String

    public var description: String { "\(message) (line \(line), column \(column))" }
}

public enum JSONReader {
    /// Values nested deeper than this are an error, so that no file can exhaust the stack.
    public static let depthLimit = 200

    /// The value of the text, with positions.
    public static func read(_ bytes: [UInt8], dialect: JSONDialect) throws(JSONReadError) -> JSONNode {
        var scanner = Scanner(bytes: bytes, dialect: dialect)
        try scanner.checkEncoding()
        return try scanner.document()
    }

    /// The value of the text.
    public static func value(of bytes: [UInt8], dialect: JSONDialect) throws(JSONReadError) -> JSONValue {
        try read(bytes, dialect: dialect).value
    }
}

struct Scanner {
    let bytes: [UInt8]
    let dialect: JSONDialect
    var index = 0
    private var line = 1
    /// The start of the line, plus one for each continuation byte, so that columns count characters.
    private var lineStart = 0
    private var depth = 0

    init(bytes: [UInt8], dialect: JSONDialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    var position: JSONPosition { JSONPosition(line: line, column: index - lineStart + 1) }

    func error(_ message: String) -> JSONReadError { error(message, at: position) }

    func error(_ message: String, at position: JSONPosition) -> JSONReadError {
        JSONReadError(line: position.line, column: position.column, message: message)
    }

    /// The byte at `index`; nil at the end.
    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func checkEncoding() throws(JSONReadError) {
        guard let offset = firstInvalidUTF8(bytes) else {
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
                index = 3
                lineStart = 3
            }
            return
        }
        var line = 1
        var column = 1
        for byte in bytes[..<offset] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        throw error(
            "invalid UTF-8 at byte \(offset)",
            at: JSONPosition(line: line, column: column))
    }

    mutating func document() throws(JSONReadError) -> JSONNode {
        try skipSpace()
        let node = try value()
        try skipSpace()
        guard current == nil else { throw error("unexpected \(found) after the end of the value") }
        return node
    }

    private mutating func value() throws(JSONReadError) -> JSONNode {
        let start = position
        let content: JSONNode.Content
        switch current {
        case UInt8(ascii: "{"): content = .object(try members())
        case UInt8(ascii: "["): content = .array(try elements())
        case UInt8(ascii: "\""): content = .string(try string())
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: content = .number(try number())
        case UInt8(ascii: "t") where take(word: "true"): content = .bool(true)
        case UInt8(ascii: "f") where take(word: "false"): content = .bool(false)
        case UInt8(ascii: "n") where take(word: "null"): content = .null
        case UInt8(ascii: "N") where dialect == .metrics && take(word: "NaN"): content = .number("NaN")
        case UInt8(ascii: "I") where dialect == .metrics && take(word: "Infinity"): content = .number("Infinity")
        default: throw error("expected a value, found \(found)")
        }
        return JSONNode(content, at: start)
    }

    private mutating func members() throws(JSONReadError) -> [JSONMember] {
        try open()
        defer { depth -= 1 }
        var members: [JSONMember] = []
        while try !close(with: UInt8(ascii: "}"), isFirst: members.isEmpty) {
            let start = position
            guard current == UInt8(ascii: "\"") else { throw error("expected a quoted key, found \(found)") }
            let name = try string()
            try skipSpace()
            guard current == UInt8(ascii: ":") else {
                throw error("expected ':' after the key \"\(name)\", found \(found)")
            }
            index += 1
            try skipSpace()
            members.append(JSONMember(name: name, at: start, value: try value()))
        }
        return members
    }

    private mutating func elements() throws(JSONReadError) -> [JSONNode] {
        try open()
        defer { depth -= 1 }
        var elements: [JSONNode] = []
        while try !close(with: UInt8(ascii: "]"), isFirst: elements.isEmpty) { elements.append(try value()) }
        return elements
    }

    private mutating func open() throws(JSONReadError) {
        guard depth < JSONReader.depthLimit else {
            throw error("nested more than \(JSONReader.depthLimit) levels deep")
        }
        depth += 1
        index += 1
    }

    /// Consumes the comma before the next item, or the bracket that ends the list (then true).
    private mutating func close(with bracket: UInt8, isFirst: Bool) throws(JSONReadError) -> Bool {
        try skipSpace()
        if current == bracket {
            index += 1
            return true
        }
        if isFirst {
            guard current != nil else { throw error("unexpected end of the file") }
            return false
        }
        guard current == UInt8(ascii: ",") else {
            guard current != nil else { throw error("unexpected end of the file") }
            throw error("expected ',' or '\(Unicode.Scalar(bracket))', found \(found)")
        }
        let comma = position
        index += 1
        try skipSpace()
        guard current == bracket else { return false }
        guard dialect == .pipeline else { throw error("trailing comma", at: comma) }
        index += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let end = index + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[index..<end]) }) else { return false }
        if end < bytes.count, isWordByte(bytes[end]) { return false }
        index = end
        return true
    }

    private mutating func number() throws(JSONReadError) -> String {
        let start = index
        let place = position
        if current == UInt8(ascii: "-") { index += 1 }
        if dialect == .metrics, take(word: "Infinity") { return "-Infinity" }
        if current == UInt8(ascii: "0") { index += 1 } else { try digits() }
        if current == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            index += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if let next = current, isWordByte(next) || next == UInt8(ascii: ".") {
            throw error("invalid number", at: place)
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() throws(JSONReadError) {
        let start = index
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw error("expected a digit, found \(found)") }
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The character at `index`, for a message.
    var found: String {
        guard let byte = current else { return "the end of the file" }
        if byte < 0x20 || byte == 0x7F { return "a control character" }
        var end = index + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return "'\(String(decoding: bytes[index..<end], as: UTF8.self))'"
    }

    /// Skips whitespace and comments.
    private mutating func skipSpace() throws(JSONReadError) {
        while let byte = current {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): index += 1
            case UInt8(ascii: "\n"): startLine()
            case UInt8(ascii: "/") where dialect == .pipeline: try skipComment()
            default: return
            }
        }
    }

    private mutating func startLine() {
        index += 1
        line += 1
        lineStart = index
    }

    private mutating func skipComment() throws(JSONReadError) {
        let start = position
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        guard next == UInt8(ascii: "/") || next == UInt8(ascii: "*") else { throw error("unexpected '/'") }
        index += 2
        if next == UInt8(ascii: "/") {
            while let byte = current, byte != UInt8(ascii: "\n") {
                index += 1
                noteContinuation(byte)
            }
            return
        }
        while let byte = current {
            if byte == UInt8(ascii: "*"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "/") {
                index += 2
                return
            }
            if byte == UInt8(ascii: "\n") {
                startLine()
            } else {
                index += 1
                noteContinuation(byte)
            }
        }
        throw error("unterminated comment", at: start)
    }

    mutating func noteContinuation(_ byte: UInt8) {
        if byte & 0xC0 == 0x80 { lineStart += 1 }
    }
}
