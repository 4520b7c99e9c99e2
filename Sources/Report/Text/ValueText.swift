// Params, metrics and digests in readable form. Knows rounding and shortening; does not know where values come from.
// Pure.
import Model

/// A param's or metric's value: a string without quotes, a number with at most four decimal digits. Sanitized.
public func valueText(_ value: JSONValue) -> String {
    switch value {
    case .string(let word): sanitized(word)
    case .number(let text): Double(text).map { numberText($0, spelled: text) } ?? sanitized(text)
    default: sanitized(value.text)
    }
}

/// `lr=0.1 dataset=iris`; with a limit, that many and the number of the others.
func valuesText(_ values: [(name: String, value: JSONValue)], limit: Int = .max) -> String {
    let shown = values.prefix(limit).map { "\(sanitized($0.name))=\(valueText($0.value))" }.joined(separator: " ")
    return values.count > limit ? shown + " +\(values.count - limit)" : shown
}

/// The order of metrics if not all can be shown: `accuracy` before details such as `confusion.setosa`.
func isPlainer(_ first: String, _ second: String) -> Bool {
    let dots = (first.utf8.count { $0 == UInt8(ascii: ".") }, second.utf8.count { $0 == UInt8(ascii: ".") })
    return dots.0 == dots.1 ? first < second : dots.0 < dots.1
}

/// Four decimal digits; for very large or small numbers, four significant digits and an exponent.
private func numberText(_ number: Double, spelled: String) -> String {
    if let whole = Int64(exactly: number) { return abs(number) < 1e15 ? "\(whole)" : spelled }
    guard spelled.utf8.count > 7, number.isFinite, spelled.utf8.contains(where: { ".eE".utf8.contains($0) }) else {
        return spelled
    }
    if abs(number) >= 0.001, abs(number) < 1e9 { return "\((number * 10_000).rounded() / 10_000)" }
    var (mantissa, exponent) = (number, 0)
    while abs(mantissa) >= 9.9995 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while abs(mantissa) < 0.99995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\((mantissa * 1000).rounded() / 1000)e\(exponent)"
}

/// The first eight digits: enough to distinguish two digests, short enough for a table.
func digestText(_ digest: Digest) -> String { digest.hex.prefix(8) + "…" }

/// `2026-11-24 08:30:13` of an ISO 8601 time (UTC).
public func timeText(_ iso8601: String) -> String {
    sanitized(String(iso8601.prefix(19).map { $0 == "T" ? " " : $0 }))
}
