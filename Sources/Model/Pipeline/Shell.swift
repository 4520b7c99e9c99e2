// What runs a command that is shell text. Knows the options of POSIX shells; does not know what is on disk.

/// A program and its options, which the text follows as the last word.
public struct Shell: Hashable, Sendable {
    public let words: [String]

    /// - Parameter words: not empty.
    public init(words: [String]) { self.words = words }

    /// Ends at the first command that fails, also if that is before a pipe, and at a variable that is not set.
    public static let standard = Shell(words: ["bash", "-euo", "pipefail", "-c"])

    /// The words that run the text.
    public func arguments(for text: String) -> [String] { words + [text] }

    /// The words that run a file with the text instead; nil if it is not known how this program takes one.
    public func arguments(forFile path: String) -> [String]? {
        guard let last = words.dropFirst().last else { return nil }
        if last == "-c" || last == "-e" { return words.dropLast() + [path] }
        guard isOptionCluster(last), last.hasSuffix("c") else { return nil }
        return words.dropLast() + [String(last.dropLast()), path]
    }

    /// Whether it is a POSIX shell that would only look up the first of several plain words and execute it. Options
    /// such as `-l` and `-x` do more than that.
    var executesPlainWords: Bool {
        let name = words.first?.split(separator: "/").last.map(String.init) ?? ""
        guard ["sh", "bash", "dash", "ksh", "mksh", "ash"].contains(name), words.last?.hasSuffix("c") == true else {
            return false
        }
        return words.dropFirst().allSatisfy { word in
            word == "pipefail" || isOptionCluster(word) && word.dropFirst().allSatisfy { "ceuo".contains($0) }
        }
    }

    private func isOptionCluster(_ word: String) -> Bool {
        word.count > 1 && word.hasPrefix("-") && word.utf8.dropFirst().allSatisfy { $0 >= UInt8(ascii: "A") }
    }
}

extension Stage {
    /// What an exit code of shell text probably means, where it surprises those who do not know `pipefail` and `-e`.
    ///
    /// - Parameter isLogEmpty: whether nothing was printed.
    public func hint(forExitCode code: Int32, isLogEmpty: Bool) -> String? {
        guard case .shell(let text) = command else { return nil }
        switch code {
        case 141 where text.contains("|"):
            return "a program before a pipe's end was cut off (`| head`, `grep -q`); end it with `|| [ $? = 141 ]`"
        case 1 where isLogEmpty && text.contains("grep"):
            return "`grep` without a match ends with 1; add `|| true` if that is no failure"
        default: return nil
        }
    }

    /// The argument list of the command.
    ///
    /// - Parameter standard: runs shell text unless the stage chose a shell.
    public func arguments(_ standard: Shell) -> [String] {
        switch command {
        case .argv(let words): words
        case .shell(let text): (shell ?? standard).arguments(for: text)
        }
    }

    /// The command as it is recorded and shown: the shell text, or the words quoted for a POSIX shell. A shell that the
    /// stage chose is shown before its text. Late templates stay as they are: what replaces them is no change of the
    /// command.
    public var commandText: String {
        switch command {
        case .argv(let words): words.map(shellQuoted).joined(separator: " ")
        case .shell(let text): shell.map { $0.arguments(for: text).map(shellQuoted).joined(separator: " ") } ?? text
        }
    }
}
