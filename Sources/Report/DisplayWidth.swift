// How many columns of a terminal a text takes. Knows the common ranges of Unicode's East Asian Width and of combining
// marks; an exotic character may be off by one.

/// Columns that the text takes on a terminal.
func displayWidth(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
}

/// The beginning of the text that fits, with `…` where something was cut.
func cut(_ text: String, toWidth limit: Int) -> String {
    guard displayWidth(text) > limit else { return text }
    guard limit > 0 else { return "" }
    var result = ""
    var used = 0
    for scalar in text.unicodeScalars {
        let width = width(of: scalar)
        if used + width > limit - 1 { break }
        used += width
        result.unicodeScalars.append(scalar)
    }
    return result + "…"
}

/// The text, with spaces after it (or before it) to that width.
func padded(_ text: String, toWidth width: Int, alignedRight: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - displayWidth(text)))
    return alignedRight ? space + text : text + space
}

private func width(of scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return 1 }
    if scalar.properties.generalCategory == .nonspacingMark || scalar.properties.generalCategory == .enclosingMark { return 0 }
    if scalar.properties.generalCategory == .format { return 0 }
    switch value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
        0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f,
        0x1f680...0x1f6ff, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
        return 2
    default: return 1
    }
}
