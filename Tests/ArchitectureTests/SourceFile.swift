// A source file as far as the architecture concerns it: what it imports and declares, and how it begins. Knows the look
// of lines; does not parse Swift.

import Foundation

/// One file.
struct SourceFile {
    /// Relative to the package.
    let path: String
    let text: String
    /// The modules that a Swift file imports. Lines of string literals do not count.
    let imports: [String]
    /// The names of the types that a Swift file declares outside of others.
    let types: [String]

    init(path: String, text: String) {
        (self.path, self.text) = (path, text)
        var (imports, types): ([String], [String]) = ([], [])
        for line in path.hasSuffix(".swift") ? Self.lines(text) : [] {
            var words = line.components(separatedBy: " ")[...]
            words = words.drop { $0.hasPrefix("@") || Self.modifiers.contains($0) }
            guard let keyword = words.popFirst() else { continue }
            if keyword == "import" {
                imports.append(
                    Self.name(words.first { !Self.kinds.contains($0) && !["func", "var", "let"].contains($0) }))
            } else if Self.kinds.contains(keyword) {
                types.append(Self.name(words.first))
            }
        }
        (self.imports, self.types) = (imports, types)
    }

    /// Without its folders.
    var name: String { path.components(separatedBy: "/").last ?? path }

    /// Whether it opens with a comment, in the language that the name tells; true for other languages. In C, lines for
    /// the preprocessor may come before it.
    var opensWithComment: Bool {
        switch path.components(separatedBy: ".").last {
        case "swift": return text.hasPrefix("//")
        case "sql": return text.hasPrefix("--")
        case "sh": return text.hasPrefix("#")
        case "py": return text.hasPrefix("#") || text.hasPrefix("\"\"\"")
        case "c", "h":
            let first = text.components(separatedBy: "\n").first { !$0.isEmpty && !$0.hasPrefix("#") }
            return first.map { $0.hasPrefix("//") || $0.hasPrefix("/*") } ?? false
        default: return true
        }
    }

    private static let modifiers: Set<String> = ["public", "package", "internal", "private", "final", "indirect"]
    private static let kinds: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]

    /// The letters at the beginning of a word.
    private static func name(_ word: String?) -> String {
        String((word ?? "").prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }

    /// The lines outside of string literals of several lines that begin with a word or an attribute.
    private static func lines(_ text: String) -> [String] {
        var isInLiteral = false
        return text.components(separatedBy: "\n").filter { line in
            let wasInLiteral = isInLiteral
            if line.components(separatedBy: "\"\"\"").count % 2 == 0 { isInLiteral.toggle() }
            guard !wasInLiteral, let first = line.utf8.first else { return false }
            return first != UInt8(ascii: " ") && first != UInt8(ascii: "/")
        }
    }
}
