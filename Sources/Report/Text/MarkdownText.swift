// Untrusted text inside GitHub's Markdown, where it must stay text: no markup and no mentions. Knows what to escape,
// except bars in tables, which TableGrid escapes.

/// The text with everything escaped that Markdown or HTML would interpret as markup.
func markdownText(_ text: String) -> String {
    var result = ""
    for scalar in sanitized(text).unicodeScalars {
        if "\\`*_{}[]<>&~!".unicodeScalars.contains(scalar) { result += "\\" }
        result.unicodeScalars.append(scalar)
        // GitHub finds mentions and issues even behind an escape; a zero-width space prevents that.
        if scalar == "@" || scalar == "#" { result += "&#8203;" }
    }
    return result
}

/// A name, path or command in a code span, delimited by more backticks than it contains in a row.
func markdownCode(_ text: String) -> String {
    let safe = sanitized(text)
    guard !safe.isEmpty else { return "" }
    let longest = safe.split { $0 != "`" }.map(\.count).max() ?? 0
    let fence = String(repeating: "`", count: longest + 1)
    let space = safe.hasPrefix("`") || safe.hasSuffix("`") ? " " : ""
    return fence + space + safe + space + fence
}
