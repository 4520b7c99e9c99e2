// A figure of a stage compared with its history, as a row. Knows which figures there are, their thresholds and units;
// does not know the rules, which are Model's.

import Model
import Report
import Store

struct ComparedFigure {
    let stage: String
    let comparison: Comparison
    /// nil: a metric.
    private let kind: UsageKind?
    private let name: String

    var isMetric: Bool { kind == nil }

    fileprivate init(_ stage: String, _ kind: UsageKind, _ comparison: Comparison) {
        (self.stage, self.kind, name, self.comparison) = (stage, kind, kind.name, comparison)
    }

    init(of bound: MetricBound, _ history: StageHistory<Double>) {
        (stage, kind, name) = (history.stage, nil, bound.name)
        // A run that repeated the stage counts once.
        comparison = bound.compare(
            medianOfRepeats(history.current) ?? .nan, with: history.past.compactMap(medianOfRepeats))
    }

    /// The most important first, since a narrow terminal cuts off the last columns.
    static let columns = ["stage", "figure", "verdict", "value", "limit", "median", "mad", "earlier"]

    /// - Parameter isForPeople: durations and sizes in readable units, instead of seconds and bytes.
    func row(isForPeople: Bool) -> [TableValue] {
        func cell(_ value: Double?) -> TableValue {
            guard let value else { return .null }
            guard value.isFinite else { return .text(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity") }
            if isForPeople, let kind { return .text(kind.text(value)) }
            return .real(value)
        }
        return [
            .text(stage), .text(isForPeople ? kind?.shortName ?? name : name), .text(comparison.standing.rawValue),
            cell(comparison.value), cell(comparison.limit), cell(comparison.median), cell(comparison.deviation),
            .integer(Int64(comparison.count)),
        ]
    }
}

private struct UsageKind: Sendable {
    let name: String
    let shortName: String
    let figure: @Sendable (Figures) -> Double?
    let leastExcess: Double
    let text: @Sendable (Double) -> String

    static let all = [
        UsageKind(
            name: "wall_seconds", shortName: "time", figure: { $0.wallSeconds }, leastExcess: 0.5,
            text: { durationText($0) }),
        UsageKind(
            name: "max_rss_bytes", shortName: "memory", figure: { $0.maxRSSBytes }, leastExcess: 33_554_432,
            text: sizeText),
        UsageKind(
            name: "gpu_peak_bytes", shortName: "gpu peak", figure: { $0.gpuPeakBytes }, leastExcess: 67_108_864,
            text: sizeText),
    ]
}

/// Time, memory and GPU peak of a stage, as far as they were measured. A run that repeated the stage counts once, by
/// the median of its repeats.
func comparedUsage(_ history: StageHistory<Figures>) -> [ComparedFigure] {
    UsageKind.all.compactMap { kind in
        guard let value = median(of: history.current.compactMap(kind.figure)) else { return nil }
        let past = history.past.compactMap { median(of: $0.compactMap(kind.figure)) }
        let comparison = OutlierRule(leastExcess: kind.leastExcess).compare(value, with: past)
        return ComparedFigure(history.stage, kind, comparison)
    }
}

/// Clamps to avoid overflow.
@Sendable private func sizeText(_ bytes: Double) -> String { byteText(Int64(min(bytes, 9e18))) }
