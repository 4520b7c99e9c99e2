// Parses durations and sizes.

/// Seconds of `90s`, `10m`, `4h`, `1d`, `500ms`, `1.5h`, or of a plain number of seconds. Nil for anything else,
/// including negative durations.
public func seconds(ofDuration text: String) -> Double? {
    amount(text, units: ["": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400])
}

/// Bytes of `16GiB` (powers of 1024), `16GB` (powers of 1000), `512MiB`, or of a plain number of bytes. Nil for
/// anything else, including negative sizes and more than 2^63 bytes.
public func bytes(ofSize text: String) -> Int64? {
    var units: [String: Double] = ["": 1, "B": 1, "kB": 1000]
    var (decimal, binary) = (1.0, 1.0)
    for letter in ["K", "M", "G", "T", "P"] {
        decimal *= 1000
        binary *= 1024
        units[letter + "B"] = decimal
        units[letter + "iB"] = binary
    }
    if let whole = Int64(text), whole >= 0 { return whole }
    guard let value = amount(text, units: units)?.rounded(), value < 0x1p63 else { return nil }
    return Int64(value)
}

/// A decimal number and its unit, with an optional space between.
private func amount(_ text: String, units: [String: Double]) -> Double? {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(number.count).drop { $0 == " " }
    guard number.first != ".", number.last != ".", let factor = units[String(unit)], let value = Double(number),
        (value * factor).isFinite
    else { return nil }
    return value * factor
}
