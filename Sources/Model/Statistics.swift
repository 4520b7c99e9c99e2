// Robust statistics of small samples: the median, the median absolute deviation, and what is out of line by them. Knows
// numbers; does not know what they measure.

/// The middle value, or the mean of the two middle ones; nil of nothing. NaN has no place in the sample.
public func median(of sample: [Double]) -> Double? {
    guard !sample.isEmpty else { return nil }
    let sorted = sample.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// The median of the distances from the median (MAD), unscaled; nil of nothing.
public func medianAbsoluteDeviation(of sample: [Double]) -> Double? {
    guard let centre = median(of: sample) else { return nil }
    return median(of: sample.map { abs($0 - centre) })
}
