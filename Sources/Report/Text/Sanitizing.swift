// Untrusted text for a terminal: names, values and log lines may contain control sequences. Knows which characters to
// escape; does not know where the text comes from.

import Model

/// The text with control characters, escape sequences and direction overrides escaped: `\n`, `\e`, `\x07`, `\u{202e}`.
public func sanitized(_ text: String) -> String {
    if isPrintableASCII(text) { return text }
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\u{1b}": result += "\\e"
        case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
            result += "\\x" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
        // Line and paragraph separators; marks, embeddings, overrides and isolates of writing direction.
        case "\u{2028}", "\u{2029}", "\u{61c}", "\u{200e}", "\u{200f}", "\u{202a}"..."\u{202e}",
            "\u{2066}"..."\u{2069}":
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            if let byte = SystemText.byte(for: scalar) {
                result += "\\x" + String(byte, radix: 16)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }
    return result
}

/// The same for a text of several lines; line breaks are kept.
public func sanitizedLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { sanitized(String($0)) }.joined(separator: "\n")
}

/// A line of a log as a terminal would have shown it, sanitized: without colours, tabs as spaces, and of a progress bar
/// that rewrites its line with carriage returns only the last state.
public func sanitizedLogLine(_ line: String) -> String {
    if isPrintableASCII(line) { return line }
    let scalars = Array(line.unicodeScalars)
    let end = scalars.lastIndex { $0 != "\r" && $0 != "\n" }.map { $0 + 1 } ?? 0
    let start = scalars[..<end].lastIndex(of: "\r").map { $0 + 1 } ?? 0
    var kept = ""
    var column = 0
    var index = start
    while index < end {
        if let after = endOfColour(in: scalars[index..<end]) {
            index = after
            continue
        }
        if scalars[index] == "\t" {
            let spaces = 8 - column % 8
            kept += String(repeating: " ", count: spaces)
            column += spaces
        } else {
            kept.unicodeScalars.append(scalars[index])
            column += 1
        }
        index += 1
    }
    return sanitized(kept)
}

/// The end of the colour sequence (`ESC [ digits m`) at the start of the scalars; nil if there is none.
private func endOfColour(in scalars: ArraySlice<Unicode.Scalar>) -> Int? {
    guard scalars.starts(with: ["\u{1b}", "["]) else { return nil }
    let parameters = scalars.dropFirst(2)
    guard let final = parameters.firstIndex(where: { !("0"..."9").contains($0) && $0 != ";" && $0 != ":" }),
        scalars[final] == "m"
    else { return nil }
    return final + 1
}
