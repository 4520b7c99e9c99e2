// A rule of make that a compiler writes: `out: in1 in2 \`. Knows the format; does not know which of the files are inputs.

import Glibc

/// What a depfile says.
enum Depfile {
    /// More than any compiler writes.
    private static let mostBytes = 64 << 20

    /// The prerequisites of all rules in a file, in order, or why it cannot be read.
    static func prerequisites(inFile path: String, shownAs name: String) -> (paths: [String], problem: String?) {
        guard let (descriptor, size) = openRegularFile(path) else { return ([], "its depfile '\(name)' is missing") }
        defer { close(descriptor) }
        guard size <= mostBytes else { return ([], "its depfile '\(name)' is larger than \(mostBytes >> 20) MiB") }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0, let paths = prerequisites(in: bytes[..<max(0, count)]) else {
            return ([], "its depfile '\(name)' is not a rule of make (`output: input input`)")
        }
        return (paths, nil)
    }

    /// nil where there is text that belongs to no rule.
    static func prerequisites(in bytes: ArraySlice<UInt8>) -> [String]? {
        var paths: [String] = []
        var word: [UInt8] = []
        var isBehindColon = false
        var hasTarget = false
        var isSound = true
        func endWord() {
            guard !word.isEmpty else { return }
            if isBehindColon {
                if let path = String(validating: word, as: UTF8.self) { paths.append(path) } else { isSound = false }
            } else {
                hasTarget = true
            }
            word = []
        }
        func endRule() {
            endWord()
            if hasTarget, !isBehindColon { isSound = false }
            (isBehindColon, hasTarget) = (false, false)
        }
        var index = bytes.startIndex
        func next(_ offset: Int) -> UInt8? { index + offset < bytes.endIndex ? bytes[index + offset] : nil }
        while index < bytes.endIndex {
            let byte = bytes[index]
            switch (byte, next(1)) {
            case (UInt8(ascii: "\\"), UInt8(ascii: "\n")):
                endWord()
                index += 1
            case (UInt8(ascii: "\\"), UInt8(ascii: "\r")) where next(2) == UInt8(ascii: "\n"):
                endWord()
                index += 2
            case (UInt8(ascii: "\\"), UInt8(ascii: " ")?), (UInt8(ascii: "\\"), UInt8(ascii: "#")?),
                (UInt8(ascii: "\\"), UInt8(ascii: ":")?), (UInt8(ascii: "$"), UInt8(ascii: "$")?):
                word.append(bytes[index + 1])
                index += 1
            // Backslashes before an escaped space are doubled.
            case (UInt8(ascii: "\\"), UInt8(ascii: "\\")?)
            where next(2) == UInt8(ascii: "\\") || next(2) == UInt8(ascii: " "):
                word.append(byte)
                index += 1
            case (UInt8(ascii: " "), _), (UInt8(ascii: "\t"), _), (UInt8(ascii: "\r"), _): endWord()
            case (UInt8(ascii: "\n"), _): endRule()
            case (UInt8(ascii: "#"), _) where word.isEmpty:
                while let after = next(1), after != UInt8(ascii: "\n") { index += 1 }
            case (UInt8(ascii: ":"), let after)
            where !isBehindColon && (after.map { " \t\r\n\\".utf8.contains($0) } ?? true):
                endWord()
                isSound = isSound && hasTarget
                isBehindColon = true
            default: word.append(byte)
            }
            index += 1
        }
        endRule()
        return isSound ? paths : nil
    }
}
