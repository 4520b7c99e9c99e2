// How long the arguments and variables of a process may be. Knows Linux; starts nothing.

import Glibc
import Model

/// What Linux passes to a process at most.
enum ArgumentLimits {
    /// Bytes of one word, or of one variable with its name: 32 pages, with the NUL at the end (MAX_ARG_STRLEN).
    static let word = 32 * sysconf(Int32(_SC_PAGESIZE)) - 1

    /// Bytes of all words and variables: a quarter of the limit on the stack, but between 128 KiB and 6 MiB.
    static let all: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0 else { return 128 << 10 }
        return max(128 << 10, min(6 << 20, Int(clamping: limit.rlim_cur) / 4))
    }()

    /// What words take: each has a NUL at its end and a pointer to it.
    static func bytes(of words: [String]) -> Int { words.reduce(0) { $0 + $1.utf8.count + 1 + 8 } }

    static func sentence(_ arguments: Int, _ variables: Int) -> String {
        "the command has \(arguments) bytes and the environment \(variables), but Linux allows at most \(all) together; "
            + "have the program read its values from the file in RUNS_PARAMS, or write the words to a file that it reads, "
            + "in a shell string: printf '%s\\n' WORDS > FILE"
    }
}

extension Stage {
    /// Shell text that could be too long for an argument, and is executed from a file instead.
    var textForFile: String? {
        guard case .shell(let text) = command, text.utf8.count > 100_000,
            (shell ?? .standard).arguments(forFile: "") != nil
        else { return nil }
        return text
    }

    /// Why its arguments could not be passed to a process, once all templates are replaced.
    ///
    /// - Parameter environment: all variables.
    func lengthProblem(environment: [String]) -> String? {
        var stage = self
        stage.environment = []
        if let variable = environment.first(where: { $0.utf8.count > ArgumentLimits.word }) {
            let name = variable.prefix { $0 != "=" }
            return
                "variable '\(name)' has \(variable.utf8.count) bytes, but Linux allows at most \(ArgumentLimits.word)"
        }
        return stage.lengthProblem(inherited: ArgumentLimits.bytes(of: environment))
    }

    /// Why its arguments and variables could not be passed to a process, as far as they are known.
    ///
    /// - Parameter inherited: the bytes of the caller's environment (`ArgumentLimits.bytes`).
    func lengthProblem(inherited: Int) -> String? {
        let most = ArgumentLimits.word
        let advice = "Linux allows at most \(most); put it into a file that the stage reads"
        var own = inherited
        for variable in environment {
            let count = variable.name.utf8.count + 1 + (variable.value?.utf8.count ?? 0)
            own += count + 9
            guard count > most else { continue }
            return "variable '\(variable.name)' has \(variable.value?.utf8.count ?? 0) bytes, but \(advice)"
        }
        switch command {
        case .argv(let words):
            if let position = words.firstIndex(where: { $0.utf8.count > most }) {
                return "word \(position) of the command is \(words[position].utf8.count) bytes long, but \(advice)"
            }
            let count = ArgumentLimits.bytes(of: words)
            return count + own > ArgumentLimits.all ? ArgumentLimits.sentence(count, own) : nil
        case .shell(let text):
            if textForFile == nil, text.utf8.count > most {
                return "the command is \(text.utf8.count) bytes long, and its shell takes it as one word, but \(advice)"
            }
            return own > ArgumentLimits.all ? ArgumentLimits.sentence(text.utf8.count, own) : nil
        }
    }
}
