// Figures and texts as a person reads them, and texts that a terminal cannot be made to obey. Pure; knows no tables and
// no progress.

import Model

/// `0.04s`, `12.3s`, `4m 05s`, `1h 02m`, `3d 4h`.
public func durationText(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds > 0 else { return "0.0s" }
    if seconds < 0.1 { return "\(decimals(seconds, 2))s" }
    if seconds < 59.95 { return "\(decimals(seconds, 1))s" }
    let whole = Int(min(seconds, 3e15).rounded())
    if whole < 3600 { return "\(whole / 60)m \(twoDigits(whole % 60))s" }
    if whole < 86_400 { return "\(whole / 3600)h \(twoDigits(whole / 60 % 60))m" }
    return "\(whole / 86_400)d \(whole / 3600 % 24)h"
}

/// `812 B`, `4.10 kB`, `1.20 GB`: decimal units.
public func bytesText(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = "B"
    for larger in ["kB", "MB", "GB", "TB", "PB"] where value.magnitude >= 999.5 {
        value /= 1000
        unit = larger
    }
    return unit == "B" ? "\(bytes) B" : "\(decimals(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)) \(unit)"
}

/// `1 stage`, `3 stages`.
public func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// The text without anything that a terminal would obey: control characters and escapes become visible.
public func sanitized(_ text: String) -> String {
    // Nearly always nothing has to be done.
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "    "
        case "\u{1b}": result += "\\e"
        case _ where isUnsafe(scalar):
            let digits = String(scalar.value, radix: 16)
            result += scalar.value < 0x100 ? "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits : "\\u{\(digits)}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// C0, DEL and C1 controls, and the marks that turn the direction of what follows.
private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069: true
    default: false
    }
}

/// The text, with its middle left out where it is longer than that many characters.
func shortened(_ text: String, to limit: Int) -> String {
    guard text.count > limit else { return text }
    let half = (limit - 1) / 2
    return "\(text.prefix(limit - 1 - half))…\(text.suffix(half))"
}

func decimals(_ value: Double, _ places: Int) -> String {
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled.magnitude % UInt(scale))
    let sign = scaled < 0 ? "-" : ""
    let whole = "\(sign)\(scaled.magnitude / UInt(scale))"
    return places == 0 ? whole : whole + "." + String(repeating: "0", count: places - fraction.utf8.count) + fraction
}

private func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
