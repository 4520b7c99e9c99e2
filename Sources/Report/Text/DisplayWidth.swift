// How many terminal columns a text takes, and truncating it to fit. Knows Unicode widths of the common ranges; does not
// know tables or terminals.

/// Terminal columns that the text takes: 2 for East Asian wide characters and emoji, 0 for combining marks.
public func displayWidth(_ text: String) -> Int {
    if isPrintableASCII(text) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + displayWidth(of: $1) }
}

func isPrintableASCII(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
}

private func displayWidth(of scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return 1 }
    // Hangul vowels and final consonants join the syllable before them.
    if (0x1160...0x11ff).contains(value) { return 0 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    if wideRanges.contains(where: { $0.contains(value) }) { return 2 }
    // Two regional indicators form one flag of two columns.
    let isRegionalIndicator = (0x1f1e6...0x1f1ff).contains(value)
    return scalar.properties.isEmojiPresentation && !isRegionalIndicator ? 2 : 1
}

/// East Asian Width W and F, apart from emoji.
private let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f,
    0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6,
    0x16fe0...0x18dff, 0x1aff0...0x1b2ff, 0x1f200...0x1f265, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
]

/// The text, truncated at its end with `…` if it takes more than `columns`.
func truncated(_ text: String, to columns: Int) -> String {
    guard displayWidth(text) > columns else { return text }
    return columns < 1 ? "" : prefix(of: text, columns: columns - 1) + "…"
}

/// The text, truncated in its middle with `…` if it takes more than `columns`.
func cutInMiddle(_ text: String, to columns: Int) -> String {
    guard displayWidth(text) > columns else { return text }
    guard columns >= 3 else { return truncated(text, to: columns) }
    let head = columns / 2
    let tail = prefix(of: String(text.reversed()), columns: columns - 1 - head)
    return prefix(of: text, columns: head) + "…" + String(tail.reversed())
}

/// The text in pieces of at most `columns` each (at least one character per piece); one empty piece if it is empty.
func wrapped(_ text: String, to columns: Int) -> [String] {
    guard displayWidth(text) > columns else { return [text] }
    var pieces: [String] = []
    var piece = ""
    var used = 0
    for character in text {
        let width = displayWidth(String(character))
        if used + width > columns, !piece.isEmpty {
            pieces.append(piece)
            piece = ""
            used = 0
        }
        piece.append(character)
        used += width
    }
    pieces.append(piece)
    return pieces
}

func padded(_ text: String, to columns: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, columns - displayWidth(text)))
    return right ? space + text : text + space
}

private func prefix(of text: String, columns: Int) -> String {
    var result = ""
    var used = 0
    for character in text {
        used += displayWidth(String(character))
        if used > columns { break }
        result.append(character)
    }
    return result
}
