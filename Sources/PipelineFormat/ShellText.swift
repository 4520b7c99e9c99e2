// Builds a shell command: follows the author's quotes, so that each value is quoted as its context requires. If the
// context is uncertain (here-documents, backquotes) or quotes do not protect (arithmetic), only values that need no
// quotes are accepted. Knows the shell's syntax; does not know templates.

import Model

struct ShellText {
    private enum Context {
        case plain
        case single
        case double
        /// `( … )` and `$( … )`: like plain, whatever surrounds it.
        case parenthesis
        /// `(( … ))` and `$(( … ))`, where even quoted text is expanded.
        case arithmetic
        /// `${ … }`
        case parameter
        case comment
    }

    private(set) var text = ""
    private var contexts: [Context] = [.plain]
    /// Quotes cannot be followed from here on.
    private var isOpaque = false
    private var isEscaped = false
    private var isAtWordStart = true
    /// The beginning of the current word, long enough to recognize `case`.
    private var word: [UInt8] = []
    private var previous: UInt8 = 0
    private var awaitsHereDocument = false

    private var context: Context { contexts.last ?? .plain }

    /// The author's own text.
    mutating func append(_ written: String) {
        text += written
        for byte in written.utf8 { follow(byte) }
    }

    /// Appends a value, quoted if needed.
    ///
    /// - Returns: why it cannot be used here; nil if it can.
    mutating func append(words: [String]) -> String? {
        let isUncertain = isUncertain
        endsWithValue()
        if isUncertain {
            text += words.joined(separator: " ")
            return words.allSatisfy { shellQuoted($0) == $0 } ? nil : "is used where it cannot be quoted safely"
        }
        let dangerous: String
        switch context {
        case .single: dangerous = "'"
        case .double: dangerous = "\"$`\\"
        default:
            text += words.map(shellQuoted).joined(separator: " ")
            return nil
        }
        text += words.joined(separator: " ")
        if words.count > 1 { return "is a list inside quotes, which would become one word" }
        let isSafe = words.allSatisfy { word in !word.utf8.contains { dangerous.utf8.contains($0) } }
        return isSafe ? nil : "is inside quotes and contains a character that would end them or be expanded"
    }

    /// Why words that are not known yet cannot be used here; nil if they can.
    ///
    /// - Parameter isList: whether there may be several words, or one that needs quotes.
    func whyNot(isList: Bool) -> String? {
        if !isList { return nil }
        if isUncertain { return "is used where it cannot be quoted safely" }
        return context == .single || context == .double
            ? "is a list inside quotes, which would become one word" : nil
    }

    /// Appends a template that is replaced later.
    mutating func append(late written: String) {
        text += written
        endsWithValue()
    }

    private mutating func endsWithValue() {
        previous = 0
        isEscaped = false
        isAtWordStart = false
        word.append(0)
    }

    /// Whether quotes may not protect a value here.
    private var isUncertain: Bool {
        isOpaque || isEscaped || previous == UInt8(ascii: "$")
            || [.comment, .parameter, .arithmetic].contains(context)
    }

    private mutating func follow(_ byte: UInt8) {
        let wasEscaped = isEscaped
        isEscaped = false
        let before = previous
        // The second `$` of `$$` does not start an expansion.
        previous = wasEscaped || (byte == UInt8(ascii: "$") && before == byte) ? 0 : byte
        let wasAtWordStart = isAtWordStart
        isAtWordStart = !wasEscaped && " \t\n;&|()".utf8.contains(byte)
        // The patterns of a `case` end with an unpaired parenthesis.
        if isAtWordStart, context == .parenthesis, word.elementsEqual("case".utf8) { isOpaque = true }
        if isAtWordStart { word = [] } else if word.count < 5 { word.append(byte) }
        if wasEscaped { return }
        switch context {
        case .single: if byte == UInt8(ascii: "'") { contexts.removeLast() }
        case .comment: if byte == UInt8(ascii: "\n") { contexts.removeLast() }
        case .double: followDouble(byte, before)
        case .parameter: followParameter(byte)
        case .arithmetic: followArithmetic(byte, before, wasAtWordStart)
        case .plain, .parenthesis: followPlain(byte, before, wasAtWordStart)
        }
        if byte == UInt8(ascii: "\n"), awaitsHereDocument { isOpaque = true }
    }

    private mutating func followPlain(_ byte: UInt8, _ before: UInt8, _ isWordStart: Bool) {
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "'"):
            // In some shells `$'…'` has its own escapes.
            if before == UInt8(ascii: "$") { isOpaque = true }
            contexts.append(.single)
        case UInt8(ascii: "\""): contexts.append(.double)
        case UInt8(ascii: "`"): isOpaque = true
        case UInt8(ascii: "("):
            contexts.append(context == .parenthesis && before == byte ? .arithmetic : .parenthesis)
        case UInt8(ascii: ")"): if context == .parenthesis { contexts.removeLast() }
        case UInt8(ascii: "{"): if before == UInt8(ascii: "$") { contexts.append(.parameter) }
        case UInt8(ascii: "#"): if isWordStart { contexts.append(.comment) }
        case UInt8(ascii: "<"): if before == byte { awaitsHereDocument = true }
        default: break
        }
    }

    private mutating func followDouble(_ byte: UInt8, _ before: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = true
        case UInt8(ascii: "\""): contexts.removeLast()
        case UInt8(ascii: "`"): isOpaque = true
        case UInt8(ascii: "("): if before == UInt8(ascii: "$") { contexts.append(.parenthesis) }
        case UInt8(ascii: "{"): if before == UInt8(ascii: "$") { contexts.append(.parameter) }
        default: break
        }
    }

    /// `((` may also begin a group of commands: syntax that differs between the two is not followed.
    private mutating func followArithmetic(_ byte: UInt8, _ before: UInt8, _ isWordStart: Bool) {
        switch byte {
        case UInt8(ascii: "("): contexts.append(before == UInt8(ascii: "$") ? .parenthesis : .arithmetic)
        case UInt8(ascii: ")"): contexts.removeLast()
        case UInt8(ascii: "{"): if before == UInt8(ascii: "$") { contexts.append(.parameter) }
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "\\"): isOpaque = true
        case UInt8(ascii: "#"): if isWordStart { isOpaque = true }
        case UInt8(ascii: "<"): if before == byte { awaitsHereDocument = true }
        default: break
        }
    }

    private mutating func followParameter(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "}"): contexts.removeLast()
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "("), UInt8(ascii: "{"),
            UInt8(ascii: "\\"):
            isOpaque = true
        default: break
        }
    }
}
