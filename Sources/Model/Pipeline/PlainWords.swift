// Shell commands that need no shell, since it would only look up their first word and execute it. Knows the words with
// a meaning in dash, bash and the Korn shells; does not know what is on disk.

extension Stage {
    /// The words to execute instead of the stage's shell (`Command.plainWords`); nil also if the shell would do more
    /// than execute them.
    public func plainWords(in environment: [String]) -> [String]? {
        guard (shell ?? .standard).executesPlainWords else { return nil }
        return command.plainWords(in: environment)
    }
}

extension Command {
    /// The words to execute instead of a shell: the command consists of plain words only.
    ///
    /// If they cannot be executed, for whatever reason, the shell must run the command after all and report the error.
    ///
    /// - Parameter environment: the command's own, as `NAME=value`.
    /// - Returns: nil if the command needs a shell, or is not a shell command.
    public func plainWords(in environment: [String]) -> [String]? {
        guard case .shell(let text) = self else { return nil }
        let words = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard let first = words.first, first.allSatisfy(isPlainInFirstWord), first.first != UInt8(ascii: "-"),
            words.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isPlain) })
        else { return nil }
        let name = String(decoding: first, as: UTF8.self)
        if !first.contains(UInt8(ascii: "/")) {
            // Without a PATH each shell has one of its own; and bash takes functions from its environment.
            guard !wordsOfShells.contains(name), environment.contains(where: { $0.hasPrefix("PATH=") }),
                !environment.contains(where: { $0.hasPrefix("BASH_FUNC_\(name)%%=") })
            else { return nil }
        }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Only characters without a special meaning in any shell.
private func isPlain(_ byte: UInt8) -> Bool {
    isPlainInFirstWord(byte) || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "%")
}

/// `A=b` sets a variable there, `%1` names a job.
private func isPlainInFirstWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        // These are `+,-./:` and the digits.
        UInt8(ascii: "+")...UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "_"):
        true
    default: false
    }
}

/// Reserved words, builtins and predefined aliases of dash, bash, ksh93 and mksh. Of those that are programs too, such
/// as `echo`, the shell's own is meant.
private let wordsOfShells = Set(
    """
    case coproc do done elif else esac fi for function if in namespace select then time until while
    . : alias bg break cd chdir command continue echo eval exec exit export false fc fg getopts hash jobs kill local
    printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait
    bind builtin caller compgen complete compopt declare dirs disown enable help history let logout mapfile popd pushd
    readarray shopt source suspend typeset
    alarm autoload cat compound enum float functions getconf global hist integer login mknod nameref newgrp nohup print
    realpath redirect rename sleep stop whence
    """.split(whereSeparator: \.isWhitespace).map(String.init))
