// Foreign text inside Markdown (GitHub's), where it must stay text: no markup, no mention of a person, no end of the
// table cell that it stands in. Bars are left to `TableGrid`.

/// Words as they are, with everything escaped that Markdown or HTML would take for markup.
func markdownText(_ text: String) -> String {
    var result = ""
    for scalar in sanitized(text).unicodeScalars {
        if "\\`*_{}[]<>&~!".unicodeScalars.contains(scalar) { result += "\\" }
        result.unicodeScalars.append(scalar)
        // People and issues are looked for in the finished page, where an escaped character is as good as a bare one;
        // a space of no width parts the mark from the name.
        if scalar == "@" || scalar == "#" { result += "&#8203;" }
    }
    return result
}

/// A name, path or command in a code span, with more backticks around it than it has in a row itself.
func markdownCode(_ text: String) -> String {
    let safe = sanitized(text)
    guard !safe.isEmpty else { return "" }
    let longest = safe.split { $0 != "`" }.map(\.count).max() ?? 0
    let fence = String(repeating: "`", count: longest + 1)
    let space = safe.hasPrefix("`") || safe.hasSuffix("`") ? " " : ""
    return fence + space + safe + space + fence
}
