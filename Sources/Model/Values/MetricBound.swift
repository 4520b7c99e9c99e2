// Bounds of metrics: `f1:min=0.9`, `loss:max=0.3`, `f1:drop=0.02`. Knows their syntax and their meaning.

/// A bound on the last value of a metric.
public struct MetricBound: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// At least this value.
        case min
        /// At most this value.
        case max
        /// At most this far below the best (largest) earlier value.
        case drop
    }

    public let name: String
    public let kind: Kind
    public let amount: Double

    /// nil: the text is not `NAME:min=NUMBER`, `NAME:max=NUMBER` or `NAME:drop=NUMBER` with a drop not below 0.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { return nil }
        let parts = text[text.index(after: colon)...].split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }),
            let amount = Double(parts[1]), amount.isFinite, kind != .drop || amount >= 0
        else { return nil }
        name = String(text[..<colon])
        self.kind = kind
        self.amount = amount
    }

    /// The value that the metric must not pass; nil: none, since there is no earlier value.
    ///
    /// - Parameter history: earlier values; those that are not finite are ignored.
    public func limit(history: [Double]) -> Double? {
        guard kind == .drop else { return amount }
        return history.filter(\.isFinite).max().map { $0 - amount }
    }

    /// Whether the value is within the bound. NaN and the infinities never are.
    public func compare(_ value: Double, with history: [Double]) -> Comparison {
        let finite = history.filter(\.isFinite)
        let limit = limit(history: history)
        let holds = value.isFinite && (limit.map { kind == .max ? value <= $0 : value >= $0 } ?? true)
        return Comparison(
            value: value, median: median(of: finite), deviation: medianAbsoluteDeviation(of: finite),
            count: finite.count,
            limit: limit, standing: holds ? .inLine : .outOfLine)
    }
}
