// How long one argument or variable of a process may be, and what is done with longer ones. Knows Linux; starts
// nothing.

import Glibc
import Model

extension Command {
    /// Shell text that could be too long for an argument, and is executed from a file instead.
    var textForFile: String? {
        if case .shell(let text) = self, text.utf8.count > 100_000 { text } else { nil }
    }
}

extension Stage {
    /// Why its arguments and variables could not be passed to a process.
    var lengthProblem: String? {
        // 32 pages, with the NUL at the end (MAX_ARG_STRLEN).
        let most = 32 * sysconf(Int32(_SC_PAGESIZE)) - 1
        let advice = "Linux allows at most \(most); put it into a file that the stage reads"
        if case .argv(let words) = command, let position = words.firstIndex(where: { $0.utf8.count > most }) {
            return "word \(position) of the command is \(words[position].utf8.count) bytes long, but \(advice)"
        }
        for variable in environment where variable.name.utf8.count + 1 + (variable.value?.utf8.count ?? 0) > most {
            return "variable '\(variable.name)' has \(variable.value?.utf8.count ?? 0) bytes, but \(advice)"
        }
        return nil
    }
}
