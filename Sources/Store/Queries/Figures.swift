// What stages used and the metrics they reported, with earlier values to compare with. Knows rows; does not know what
// is out of line.

import Model
import RunsSQL

/// What one execution used; nil: not measured.
public struct Figures: Sendable {
    public let wallSeconds: Double?
    public let maxRSSBytes: Double?
    public let gpuPeakBytes: Double?
}

/// A stage that a run is based on, with values of the run that executed it and of earlier runs.
public struct StageHistory<Value: Sendable>: Sendable {
    public let stage: String
    public let template: String
    /// Values of the run that executed the stage: several if it repeated the stage.
    public internal(set) var current: [Value]
    /// By earlier run, oldest first.
    public internal(set) var past: [[Value]]
}

extension Store {
    /// The row of a run, of its tags, and of its executions, with the columns of the views.
    public func runRow(_ run: RunID) throws(Failure) -> Table { try table(SQL.runRow, [("run_id", run.value)]) }
    public func tagRows(ofRun run: RunID) throws(Failure) -> Table {
        try table(SQL.tagRowsOfRun, [("run_id", run.value)])
    }
    public func executionRows(ofRun run: RunID) throws(Failure) -> Table {
        try table(SQL.executionRowsOfRun, [("run_id", run.value)])
    }

    /// The figures of every stage: the view `stage_stats`.
    public func stageStats() throws(Failure) -> Table { try table(SQL.allStageStats, []) }

    /// What each succeeded repeat of a run used, in the order in which they began; nil: not measured.
    public func usageOfRepeats(
        in run: RunID
    ) throws(Failure) -> [(stage: String, wallSeconds: Double, maxRSSBytes: Int64?, gpuPeakBytes: Int64?)] {
        try connection.statement(SQL.repeatsOfRun).all([("run_id", run.value)]) {
            ($0.text(0), $0.real(1), $0.isNull(2) ? nil : $0.integer(2), $0.isNull(3) ? nil : $0.integer(3))
        }
    }

    /// For each stage that a run is based on: executed in it, or fresh by an earlier execution.
    public func usage(behind run: RunID) throws(Failure) -> [StageHistory<Figures>] {
        try histories(SQL.usageBehindRun, [("run_id", run.value)]) { row in
            func figure(_ column: Int32) -> Double? { row.isNull(column) ? nil : row.real(column) }
            return Figures(wallSeconds: figure(5), maxRSSBytes: figure(6), gpuPeakBytes: figure(7))
        }
    }

    /// The same for the last values of a metric, of stages that reported it.
    public func metric(_ name: String, behind run: RunID) throws(Failure) -> [StageHistory<Double>] {
        try histories(SQL.metricBehindRun, [("run_id", run.value), ("name", name)]) { row in
            guard row.isNull(5) else { return row.real(5) }
            switch row.text(6) {
            case "Infinity": return .infinity
            case "-Infinity": return -.infinity
            default: return .nan
            }
        }
    }

    /// Rows: stage number, name, template, what is current, what the row belongs to, values; ordered by the first and
    /// by time.
    private func histories<Value>(
        _ statement: Statement, _ bindings: [(String, Bindable?)], _ value: (Row) -> Value
    ) throws(Failure) -> [StageHistory<Value>] {
        var result: [StageHistory<Value>] = []
        var last: (stage: Int64, owner: Int64)?
        try connection.statement(statement).run(bindings) { row throws(Failure) in
            let (stage, owner) = (row.integer(0), row.integer(4))
            if last?.stage != stage {
                result.append(StageHistory(stage: row.text(1), template: row.text(2), current: [], past: []))
            }
            let index = result.count - 1
            if owner == row.integer(3) {
                result[index].current.append(value(row))
            } else if let last, last == (stage, owner) {
                result[index].past[result[index].past.count - 1].append(value(row))
            } else {
                result[index].past.append([value(row)])
            }
            last = (stage, owner)
        }
        return result
    }
}
