// The files that a shell script reads as parts of itself: they are not discovered while it runs. Knows words; does not know
// files.

/// The literal words after `.` and `source` in a shell script, each once; none where the text is no shell script.
///
/// - Parameter name: the script's path, whose ending may name the shell.
public func sourcedFiles(inScript text: String, named name: String) -> [String] {
    guard isShellScript(text, named: name) else { return [] }
    var files: [String] = []
    for words in simpleCommands(of: text) {
        guard words.count > 1, words[0] == "." || words[0] == "source", !files.contains(words[1]) else { continue }
        files.append(words[1])
    }
    return files
}

private func isShellScript(_ text: String, named name: String) -> Bool {
    if name.hasSuffix(".sh") || name.hasSuffix(".bash") { return true }
    guard text.hasPrefix("#!") else { return false }
    let words = text.prefix { $0 != "\n" }.dropFirst(2).split { $0 == " " || $0 == "/" }
    return words.contains { ["sh", "bash", "dash", "ksh", "zsh"].contains($0) }
}
