// Finds the program of a command, which is an input without being listed. Knows words and interpreters; does not know
// files.

import Model

/// The words of a command that may name files.
struct CommandWords {
    /// Those of the first simple command, without leading assignments.
    let first: [String]
    /// Those of all simple commands.
    let all: [String]

    init(_ command: Command) {
        switch command {
        case .argv(let words):
            first = words
            all = words
            startsPython = Self.isPython(words)
        case .shell(let text):
            let commands = simpleCommands(of: text)
            first = commands.first { !$0.isEmpty } ?? []
            all = commands.flatMap { $0 }
            startsPython = commands.contains(where: Self.isPython)
        }
    }

    /// Whether one of the commands is Python.
    let startsPython: Bool

    /// The likely program: the first word or, after an interpreter, the first word that is not an option. Of a Python
    /// module, the files that it may be.
    var programs: [String] {
        guard let head = first.first else { return [] }
        guard let interpreter = Self.interpreter(head) else { return [head] }
        for (place, word) in first.enumerated().dropFirst() {
            if word == "-c" { return [] }
            if word == "-m" {
                guard interpreter == "python", place + 1 < first.count else { return [] }
                let path = first[place + 1].split(separator: ".", omittingEmptySubsequences: false).joined(
                    separator: "/")
                return ["\(path).py", "\(path)/__main__.py"]
            }
            if !word.hasPrefix("-") { return [word] }
        }
        return []
    }

    /// The name of an interpreter without its version; nil: it is none.
    private static func interpreter(_ word: String) -> String? {
        let base = word.split(separator: "/").last ?? ""
        // Without its version: `python3.11`.
        let name = base.prefix { !$0.isNumber && $0 != "." }
        guard base.dropFirst(name.count).allSatisfy({ $0.isNumber || $0 == "." }) else { return nil }
        return ["python", "bash", "sh", "Rscript", "julia", "node", "perl", "ruby"].first { $0 == name }
    }

    private static let wrappers: Set = ["env", "exec", "nice", "nohup", "time"]

    /// Behind what only changes how a command runs.
    private static func isPython(_ words: [String]) -> Bool {
        let head = words.first { !wrappers.contains($0) && !$0.contains("=") }
        return head.map { interpreter($0) == "python" } ?? false
    }
}

/// The words of each simple command of a shell text: split at whitespace and operators, without quotes. Leaves out
/// words that the shell would expand, leading assignments, and files that are only written to.
func simpleCommands(of text: String) -> [[String]] {
    var commands: [[String]] = [[]]
    var word: [UInt8] = []
    var isWord = false
    var isExpanded = false
    var isComment = false
    var quote: UInt8?
    var isEscaped = false
    var isWritten = false
    func endWord() {
        if isWord, !isExpanded, !isWritten {
            let text = String(decoding: word, as: UTF8.self)
            let isAssignment = commands[commands.count - 1].isEmpty && text.contains("=")
            if !isAssignment { commands[commands.count - 1].append(text) }
        }
        if isWord { isWritten = false }
        word = []
        isWord = false
        isExpanded = false
    }
    for byte in text.utf8 {
        if isComment {
            isComment = byte != UInt8(ascii: "\n")
            if !isComment { commands.append([]) }
        } else if isEscaped {
            isEscaped = false
            // A backslash at the end of a line continues it.
            if byte != UInt8(ascii: "\n") {
                word.append(byte)
                isWord = true
            }
        } else if let open = quote {
            switch byte {
            case open: quote = nil
            case UInt8(ascii: "$") where open == UInt8(ascii: "\""), UInt8(ascii: "`") where open == UInt8(ascii: "\""):
                isExpanded = true
            case UInt8(ascii: "\\") where open == UInt8(ascii: "\""): isEscaped = true
            default: word.append(byte)
            }
        } else {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): endWord()
            case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "("),
                UInt8(ascii: ")"):
                endWord()
                isWritten = false
                commands.append([])
            case UInt8(ascii: "<"): endWord()
            case UInt8(ascii: ">"):
                endWord()
                isWritten = true
            case UInt8(ascii: "#") where !isWord: isComment = true
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                quote = byte
                isWord = true
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "$"), UInt8(ascii: "`"), UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["):
                isWord = true
                isExpanded = true
            default:
                isWord = true
                word.append(byte)
            }
        }
    }
    endWord()
    return commands.filter { !$0.isEmpty }
}
