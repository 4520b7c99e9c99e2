// The best executions by a metric, with the params of everything upstream of them. Knows values; `Report`
// lays them out.

import Model
import RunsSQL

extension Store {
    /// Every metric's name, sorted.
    public func metricNames() throws(Failure) -> [String] {
        try connection.statement(SQL.metricNames).all { $0.text(1) }
    }

    /// The succeeded executions with the best last value of a metric, best first; among equal ones the newest first.
    /// Rejected executions, NaN and infinities are left out; repeats in one run count as one, by their median.
    ///
    /// - Parameters:
    ///   - stages: stage IDs, from `stageNames`; nil: all.
    ///   - largest: whether the largest is the best.
    /// - Returns: nil if no execution ever reported the metric.
    public func bestExecutions(
        by metric: String, ofStages stages: [Int64]?, largest: Bool, limit: Int
    ) throws(Failure) -> [RankedExecution]? {
        let known = try connection.statement(SQL.metricNames).all { ($0.integer(0), $0.text(1)) }
        guard let number = known.first(where: { $0.1 == metric })?.0 else { return nil }
        var bindings: [(String, Bindable?)] = [("name_id", number), ("is_largest", largest), ("limit", limit)]
        if let stages { bindings.append(("stage_ids", array(stages))) }
        let statement = stages == nil ? SQL.bestExecutions : SQL.bestExecutionsOfStages
        var best = try connection.statement(statement).all(bindings) { row in
            RankedExecution(
                id: ExecutionID(row.integer(0)), runID: RunID(row.integer(1)), pipeline: row.text(2),
                stage: row.text(3), startedAt: row.text(4), value: row.real(5))
        }
        for index in best.indices {
            best[index].params = try connection.statement(SQL.lineageParamsOfExecution).all([
                ("execution_id", best[index].id.value)
            ]) { row in
                let value = row.optionalText(3).map { JSONValue.string($0) } ?? .number(row.text(2))
                return RankedExecution.Param(stage: row.text(0), name: row.text(1), value: value)
            }
        }
        return best
    }
}
