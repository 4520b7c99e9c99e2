// How long the kernel lets one word of a process be, and what is done with longer ones. Knows Linux; starts nothing.

import Glibc
import Model

extension Command {
    /// Shell text that could be too long for an argument, and is executed from a file instead.
    var textForFile: String? {
        if case .shell(let text) = self, text.utf8.count > 100_000 { text } else { nil }
    }
}

extension Stage {
    /// Why no process could be given its words and variables: a phrase to follow the stage's name.
    var lengthProblem: String? {
        // 32 pages, with the NUL at the end (MAX_ARG_STRLEN).
        let most = 32 * sysconf(Int32(_SC_PAGESIZE)) - 1
        let advice = "Linux takes at most \(most); put it into a file that the stage reads"
        if case .argv(let words) = command, let position = words.firstIndex(where: { $0.utf8.count > most }) {
            return "has a command whose word \(position) is \(words[position].utf8.count) bytes long, but \(advice)"
        }
        for variable in environment where variable.name.utf8.count + 1 + (variable.value?.utf8.count ?? 0) > most {
            return "has a variable '\(variable.name)' of \(variable.value?.utf8.count ?? 0) bytes, but \(advice)"
        }
        return nil
    }
}
