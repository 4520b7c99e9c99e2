// Durations, sizes and counts in readable form. Knows units and rounding; does not know what is measured. Pure.
import Model

/// `0.4s`, `12.3s`, `4m 05s`, `1h 02m`, `3d 4h`. Negative or NaN counts as 0.
public func durationText(_ seconds: Double) -> String {
    let tenths = (clamped(seconds) * 10).rounded()
    return tenths < 600 ? decimal(tenths / 10, places: 1) + "s" : wholeDurationText(seconds)
}

/// The same without tenths, for running clocks: `12s`, `4m 05s`.
public func wholeDurationText(_ seconds: Double) -> String {
    let total = Int(clamped(seconds).rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return switch total {
    case ..<60: "\(total)s"
    case ..<3600: "\(total / 60)m \(two(total % 60))s"
    case ..<86_400: "\(total / 3600)h \(two(total / 60 % 60))m"
    default: "\(total / 86_400)d \(total / 3600 % 24)h"
    }
}

/// Whole minutes from one minute on, for estimates: `40s`, `3m`, `1h 02m`.
public func roughDurationText(_ seconds: Double) -> String {
    let minutes = Int((clamped(seconds) / 60).rounded())
    return switch seconds {
    case 59.5..<3570: "\(max(1, minutes))m"
    case 3570...: wholeDurationText(Double(minutes) * 60)
    default: wholeDurationText(seconds)
    }
}

/// Decimal units to three digits: `812 B`, `1.20 GB`, `45.6 MB`.
public func byteText(_ bytes: Int64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    let sign = bytes < 0 ? "-" : ""
    var value = Double(bytes.magnitude)
    guard value >= 1000 else { return "\(bytes) B" }
    var unit = 0
    // 999.5 of a unit would round to four digits.
    while value >= 999.5, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    let places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    return sign + decimal(value, places: places) + " " + units[unit]
}

/// `1 stage`, `2 stages`; `plural` if adding an `s` is wrong.
public func countText(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) " + (count == 1 ? noun : plural ?? noun + "s")
}

/// Clamps to avoid overflow when converted to an integer.
private func clamped(_ seconds: Double) -> Double { seconds > 0 ? min(seconds, 1e12) : 0 }

/// The value (at least 0 and below 10^15) with `places` decimal digits.
private func decimal(_ value: Double, places: Int) -> String {
    let scale = [1, 10, 100][places]
    let scaled = Int((value * Double(scale)).rounded())
    guard places > 0 else { return "\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
}
