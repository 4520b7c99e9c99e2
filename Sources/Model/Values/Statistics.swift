// Robust statistics of small samples: the median, the median absolute deviation, outliers. Knows numbers; does not know
// what they measure.

/// The middle value, or the mean of the two middle ones; nil for an empty sample. NaN is not allowed.
public func median(of sample: [Double]) -> Double? {
    guard !sample.isEmpty else { return nil }
    let sorted = sample.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// The value that repetitions of the same work count by; nil for an empty sample. NaN if at least half of them are.
public func medianOfRepeats(_ sample: [Double]) -> Double? {
    let numbers = sample.filter { !$0.isNaN }
    return numbers.count * 2 > sample.count ? median(of: numbers) : sample.isEmpty ? nil : .nan
}

/// The median of the distances from the median (MAD), unscaled; nil for an empty sample.
public func medianAbsoluteDeviation(of sample: [Double]) -> Double? {
    guard let centre = median(of: sample) else { return nil }
    return median(of: sample.map { abs($0 - centre) })
}

/// How a value compares with earlier ones.
public enum Standing: String, Hashable, Sendable {
    case inLine = "in line"
    case outOfLine = "out of line"
    case tooLittleHistory = "too little history"
}

/// A value against earlier ones. nil: with no history.
public struct Comparison: Hashable, Sendable {
    public let value: Double
    public let median: Double?
    /// The median absolute deviation of the earlier ones.
    public let deviation: Double?
    /// Number of earlier values.
    public let count: Int
    /// A value above it is out of line.
    public let limit: Double?
    public let standing: Standing
}

/// When a figure is out of line, for figures where less is better.
///
/// By the median and the MAD of the history, which a few outliers among it do not move as they move mean and standard
/// deviation (C. Leys et al., "Detecting outliers: Do not use standard deviation around the mean, use absolute
/// deviation around the median", J. Exp. Soc. Psychol. 49 (2013)): a modified z-score 0.6745 · (value − median) / MAD
/// above 3.5 (B. Iglewicz, D. Hoaglin, "How to Detect and Handle Outliers", 1993). On a quiet machine the MAD is
/// close to zero, and every small change would be an outlier: hence a minimum, absolute and relative to the median.
public struct OutlierRule: Hashable, Sendable {
    /// How far above the median a value must be in any case, in the unit of the figure.
    public let leastExcess: Double
    /// The same, as a share of the median.
    public static let leastShare = 0.1
    public static let leastHistory = 5
    /// Of the newest.
    public static let mostHistory = 30
    /// 3.5 / 0.6745, with the usual rounding of 1 / 0.6745.
    private static let deviations = 3.5 * 1.4826

    public init(leastExcess: Double) { self.leastExcess = leastExcess }

    /// - Parameter history: earlier values, oldest first.
    public func compare(_ value: Double, with history: [Double]) -> Comparison {
        let recent = Array(history.suffix(Self.mostHistory))
        guard let median = median(of: recent), let deviation = medianAbsoluteDeviation(of: recent) else {
            return Comparison(
                value: value, median: nil, deviation: nil, count: 0, limit: nil, standing: .tooLittleHistory)
        }
        let excess = max(Self.deviations * deviation, Self.leastShare * median, leastExcess)
        let hasEnoughHistory = recent.count >= Self.leastHistory
        return Comparison(
            value: value, median: median, deviation: deviation, count: recent.count,
            limit: hasEnoughHistory ? median + excess : nil,
            standing: !hasEnoughHistory ? .tooLittleHistory : value > median + excess ? .outOfLine : .inLine)
    }
}
