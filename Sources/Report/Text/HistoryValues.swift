// Params and metrics of a stage's executions as columns, and trends from one execution to the next. Knows values and
// widths; does not know where they come from. Pure.
import Model

/// The values of an execution that are compared with those of others.
public struct PastExecution: Sendable {
    public var stage: String
    public var isSucceeded: Bool
    public var wallSeconds: Double?
    public var params: [JSONValue.Member]
    public var metrics: [JSONValue.Member]
    /// Executions of one run that succeeded are repeats; nil: unknown.
    public var run: Int64?

    public init(
        stage: String, isSucceeded: Bool, wallSeconds: Double?, params: [JSONValue.Member], metrics: [JSONValue.Member],
        run: Int64? = nil
    ) {
        self.run = run
        self.stage = stage
        self.isSucceeded = isSucceeded
        self.wallSeconds = wallSeconds
        self.params = params
        self.metrics = metrics
    }
}

/// A param or metric as a column.
public struct ValueColumn: Sendable, Equatable {
    public let name: String
    public let isMetric: Bool
    /// One per execution; empty: no value.
    public let cells: [String]

    /// Terminal columns, including the border and padding.
    var width: Int { 3 + cells.reduce(displayWidth(sanitized(name))) { max($0, displayWidth($1)) } }
    var varies: Bool { Set(cells).count > 1 }
}

/// Up to this many params and metrics are all shown; if there are more, those that vary.
private let fewValues = 6

/// The params and metrics shown as columns: all if there are few, else those that vary, as many as fit. Matrix values
/// that are part of the stage's name are omitted.
///
/// - Parameter room: terminal columns; nil: no limit.
/// - Returns: params first, and how many params and metrics have no column.
public func valueColumns(_ executions: [PastExecution], room: Int?) -> (columns: [ValueColumn], leftOut: Int) {
    let params = columns(executions, isMetric: false, of: \.params).filter { column in
        !zip(executions, column.cells).allSatisfy { isNamed($0.stage, column.name, $1) }
    }
    let metrics = columns(executions, isMetric: true, of: \.metrics)
    let isShown = params.count + metrics.count <= fewValues ? { _ in true } : { (column: ValueColumn) in column.varies }
    var left = room ?? .max
    // At most half of the room for params, so that there is some for metrics.
    let shownParams = fitting(params.filter(isShown), into: left == .max ? .max : left / 2)
    if left != .max { left -= shownParams.reduce(0) { $0 + $1.width } }
    let chosen = shownParams + fitting(metrics.filter(isShown), into: left)
    return (chosen, params.count + metrics.count - chosen.count)
}

private func fitting(_ columns: [ValueColumn], into room: Int) -> [ValueColumn] {
    var used = 0
    return columns.filter { column in
        guard used + column.width <= room else { return false }
        used += column.width
        return true
    }
}

private func columns(
    _ executions: [PastExecution], isMetric: Bool, of values: (PastExecution) -> [JSONValue.Member]
) -> [ValueColumn] {
    var names: [String] = []
    var cells: [String: [String]] = [:]
    for (row, execution) in executions.enumerated() {
        for member in values(execution) {
            if cells[member.name] == nil {
                names.append(member.name)
                cells[member.name] = Array(repeating: "", count: executions.count)
            }
            cells[member.name]?[row] = valueText(member.value)
        }
    }
    return names.sorted(by: isPlainer).map { ValueColumn(name: $0, isMetric: isMetric, cells: cells[$0] ?? []) }
}

/// Whether the name of the stage, `train@dataset=iris`, contains the value: `dataset` is `iris`.
private func isNamed(_ stage: String, _ name: String, _ cell: String) -> Bool {
    guard let sign = stage.firstIndex(of: "@") else { return false }
    return stage[stage.index(after: sign)...].split(separator: ",").contains { $0 == "\(name)=\(percentEncoded(cell))" }
}

// MARK: - Trends

/// At most this many stages, and metrics of each, have a trend.
private let mostTrends = (stages: 6, metrics: 4)

/// For each stage that succeeded more than once, a line for its time and for each metric that changed, from the oldest
/// to the newest execution. Repeats of a run count as one, by their median.
///
/// - Parameters:
///   - executions: newest first.
///   - metrics: names of the metrics that may have a line.
public func trendText(_ executions: [PastExecution], metrics: [String]) -> String {
    var order: [String] = []
    var past: [String: [PastExecution]] = [:]
    for execution in executions.reversed() where execution.isSucceeded {
        if past[execution.stage] == nil { order.append(execution.stage) }
        past[execution.stage, default: []].append(execution)
    }
    var text = ""
    past = past.mapValues(oncePerRun)
    for stage in order.filter({ (past[$0]?.count ?? 0) > 1 }).prefix(mostTrends.stages) {
        let executions = past[stage] ?? []
        var lines: [(name: String, line: String)] = []
        if let line = trend(executions.map(\.wallSeconds), shown: { durationText($0) }) { lines.append(("wall", line)) }
        for name in metrics {
            let values = executions.map { $0.metrics.first { $0.name == name }?.value.doubleValue }
            guard lines.count <= mostTrends.metrics else { continue }
            if let line = trend(values, shown: { valueText(.double($0)) }) { lines.append((sanitized(name), line)) }
        }
        guard !lines.isEmpty else { continue }
        let widest = lines.map { displayWidth($0.name) }.max() ?? 0
        text += "\(sanitized(stage)), oldest to newest:\n"
        for line in lines { text += "  \(padded(line.name, to: widest))  \(line.line)\n" }
    }
    return text
}

private func oncePerRun(_ executions: [PastExecution]) -> [PastExecution] {
    var result: [[PastExecution]] = []
    for execution in executions {
        if let run = execution.run, result.last?.last?.run == run {
            result[result.count - 1].append(execution)
        } else {
            result.append([execution])
        }
    }
    return result.map { repeats in
        guard var one = repeats.last, repeats.count > 1 else { return repeats[0] }
        one.wallSeconds = median(of: repeats.compactMap(\.wallSeconds))
        one.metrics = one.metrics.map { metric in
            let values = repeats.compactMap { $0.metrics.first { $0.name == metric.name }?.value.doubleValue }
            return JSONValue.Member(name: metric.name, value: median(of: values).map { .double($0) } ?? metric.value)
        }
        return one
    }
}

/// `▁▄█  0.1 → 0.9`; nil if all numbers look the same.
private func trend(_ values: [Double?], shown: (Double) -> String) -> String? {
    let known = values.compactMap(\.self).filter(\.isFinite)
    guard Set(known.map(shown)).count > 1, let first = known.first, let last = known.last else { return nil }
    return "\(sparkline(values))  \(shown(first)) → \(shown(last))"
}

/// A character for each value, its height between the smallest and the largest; a space if there is no number.
func sparkline(_ values: [Double?]) -> String {
    let bars = Array("▁▂▃▄▅▆▇█")
    let known = values.compactMap(\.self).filter(\.isFinite)
    guard let least = known.min(), let most = known.max() else { return String(repeating: " ", count: values.count) }
    // Halved to avoid overflow.
    let range = most / 2 - least / 2
    return String(
        values.map { value -> Character in
            guard let value, value.isFinite else { return " " }
            guard range > 0 else { return bars[3] }
            return bars[min(7, max(0, Int(((value / 2 - least / 2) / range * 7).rounded())))]
        })
}
