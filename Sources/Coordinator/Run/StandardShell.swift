// Where bash is, which runs shell text unless a stage chooses another shell. Knows folders; starts nothing.

import Glibc
import Model

extension Shell {
    /// The standard shell by its absolute path: where it usually is, or else on the caller's `PATH`, so that a stage
    /// with a `PATH` of its own has the same one.
    ///
    /// - Returns: nil if there is none.
    static func installed(callersPath path: String?) -> Shell? {
        let folders = ["/bin", "/usr/bin"] + (path ?? "").split(separator: ":").map(String.init)
        let places = folders.filter { $0.hasPrefix("/") }.map { "\($0)/\(Shell.standard.words[0])" }
        let found = places.first { access($0, X_OK) == 0 }
        return found.map { Shell(words: [$0] + Shell.standard.words.dropFirst()) }
    }
}

extension Stage {
    /// Whether only the standard shell can run its command.
    var needsStandardShell: Bool {
        guard case .shell = command, shell == nil else { return false }
        return plainWords(in: ["PATH="]) == nil
    }
}
