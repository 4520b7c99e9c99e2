// Repeats of a stage in one run count as one execution, by the medians of what they used and reported. Knows rows; does
// not know how they are shown.

import Model
import RunsSQL

extension Store {
    /// Replaces the figures and metrics of repeats by the medians of all succeeded repeats of their run.
    func countRepeatsOnce(
        _ facts: inout [ExecutionID: ExecutionFacts], _ chosen: [(String, Bindable?)]
    ) throws(Failure) {
        var repeats: [ExecutionID: [ExecutionID]] = [:]
        try connection.statement(SQL.repeatsOfExecutions).run(chosen) { row in
            repeats[ExecutionID(row.integer(0)), default: []].append(ExecutionID(row.integer(1)))
        }
        let all: [(String, Bindable?)] = [("execution_ids", array(repeats.values.joined().map(\.value)))]
        var figures: [ExecutionID: ExecutionFacts] = [:]
        try connection.statement(SQL.factsOfExecutions).run(all) { row in
            let execution = self.execution(row)
            figures[execution.id] = execution
        }
        try connection.statement(SQL.metricsOfExecutions).run(all) { row in
            figures[ExecutionID(row.integer(0))]?.metrics.append(
                MetricFact(name: row.text(1), value: Self.number(row.value(2))))
        }
        for (id, members) in repeats { facts[id]?.takeMedians(of: members.compactMap { figures[$0] }) }
    }
}

extension ExecutionFacts {
    fileprivate mutating func takeMedians(of repeats: [ExecutionFacts]) {
        func bytes(_ figure: (ExecutionFacts) -> Int64?) -> Int64? {
            median(of: repeats.compactMap(figure).map { Double($0) }).map { Int64($0.rounded()) }
        }
        wallSeconds = median(of: repeats.compactMap(\.wallSeconds))
        cpuSeconds = median(of: repeats.compactMap(\.cpuSeconds))
        maxRSSBytes = bytes(\.maxRSSBytes)
        gpuPeakBytes = bytes(\.gpuPeakBytes)
        let values = Dictionary(grouping: repeats.flatMap(\.metrics), by: \.name)
        metrics = values.keys.sorted().compactMap { name in
            medianOfRepeats((values[name] ?? []).map(number)).map { MetricFact(name: name, value: text($0)) }
        }
        self.repeats = repeats.count
    }

    private func number(_ metric: MetricFact) -> Double {
        if let number = metric.value.doubleValue { return number }
        switch metric.value {
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        default: return .nan
        }
    }

    private func text(_ value: Double) -> JSONValue {
        if value.isFinite { return .double(value) }
        return .string(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
    }
}
