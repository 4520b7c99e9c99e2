// One figure of a stage beside its history, as a row. Knows which figures there are, their floors and their units.

import Model
import Report
import Store

struct ComparedFigure {
    let stage: String
    let figure: String
    let comparison: Comparison
    let isMetric: Bool
    private let text: (Double) -> String

    fileprivate init(_ stage: String, _ figure: String, _ comparison: Comparison, text: @escaping (Double) -> String) {
        (self.stage, self.figure, self.comparison, self.text, isMetric) = (stage, figure, comparison, text, false)
    }

    init(of bound: MetricBound, _ history: StageHistory<Double>) {
        stage = history.stage
        figure = bound.name
        // Of repeats the last one: its outputs are those that are there.
        comparison = bound.compare(history.current.last ?? .nan, with: history.past.flatMap(\.self))
        text = { "\($0)" }
        isMetric = true
    }

    /// - Parameter isForPeople: durations and sizes as a person reads them, instead of seconds and bytes.
    func row(isForPeople: Bool) -> [TableValue] {
        func cell(_ value: Double?) -> TableValue {
            guard let value else { return .null }
            return isForPeople || !value.isFinite ? .text(text(value)) : .real(value)
        }
        return [
            .text(stage), .text(figure), cell(comparison.value), cell(comparison.median), cell(comparison.deviation),
            .integer(Int64(comparison.count)), cell(comparison.limit), .text(comparison.standing.rawValue),
        ]
    }
}

/// Time, memory and GPU peak of a stage, as far as they were measured. A run that repeated the stage counts once, by
/// the median of its repeats.
func comparedUsage(_ history: StageHistory<Figures>) -> [ComparedFigure] {
    let kinds: [(name: String, figure: (Figures) -> Double?, leastExcess: Double, text: (Double) -> String)] = [
        ("wall_seconds", { $0.wallSeconds }, 0.5, durationText),
        ("max_rss_bytes", { $0.maxRSSBytes }, 33_554_432, sizeText),
        ("gpu_peak_bytes", { $0.gpuPeakBytes }, 67_108_864, sizeText),
    ]
    return kinds.compactMap { kind in
        guard let value = median(of: history.current.compactMap(kind.figure)) else { return nil }
        let past = history.past.compactMap { median(of: $0.compactMap(kind.figure)) }
        let comparison = OutlierRule(leastExcess: kind.leastExcess).compare(value, with: past)
        return ComparedFigure(history.stage, kind.name, comparison, text: kind.text)
    }
}

/// A limit may lie beyond what an integer holds.
private func sizeText(_ bytes: Double) -> String { byteText(Int64(min(bytes, 9e18))) }
