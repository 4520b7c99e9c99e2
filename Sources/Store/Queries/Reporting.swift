// Tables of the program's own reports, from statements in `sql/`. Does not know how they are shown.

import Model
import RunsSQL

/// Columns and rows.
public struct Table: Sendable {
    public let columns: [String]
    public let rows: [[TableValue]]
    public init(columns: [String], rows: [[TableValue]]) {
        self.columns = columns
        self.rows = rows
    }
}

extension Store {
    /// - Parameter stages: stage IDs, from `stageNames`.
    public func history(ofStages stages: [Int64], limit: Int) throws(Failure) -> Table {
        let recorded = try table(SQL.historyOfStages, [("stage_ids", array(stages)), ("limit", limit)])
        guard !goneRuns.isEmpty, let run = recorded.columns.firstIndex(of: "run"),
            let state = recorded.columns.firstIndex(of: "state"), let error = recorded.columns.firstIndex(of: "error")
        else { return recorded }
        let rows = recorded.rows.map { row in
            guard case .integer(let number) = row[run], goneRuns.contains(RunID(number)),
                case .text(let word) = row[state],
                ExecutionState(rawValue: word)?.isOpen ?? false
            else { return row }
            var row = row
            row[state] = .text(ExecutionState.lost.rawValue)
            row[error] = .text(UnrecordedEnd.gone.sentence)
            return row
        }
        return Table(columns: recorded.columns, rows: rows)
    }

    /// Every stage that was ever evaluated: pipeline, name, template, ID.
    public func stageNames() throws(Failure) -> [(pipeline: String, stage: String, template: String, number: Int64)] {
        try connection.statement(SQL.stageNames).all { ($0.text(0), $0.text(1), $0.text(2), $0.integer(3)) }
    }

    /// The newest execution of each stage, in a run or in all.
    public func latestLogs(
        ofStages stages: [Int64], run: RunID?
    ) throws(Failure) -> [(execution: ExecutionID, stage: String, state: ExecutionState, path: String)] {
        try connection.statement(SQL.latestLogs).all([("stage_ids", array(stages)), ("run_id", run?.value)]) {
            row throws(Failure) in
            (
                ExecutionID(row.integer(0)), row.text(1), reported(try state(row.text(2)), of: RunID(row.integer(4))),
                row.text(3)
            )
        }
    }

    /// The newest execution of a stage that has ended; nil: none has.
    public func lastEnded(
        pipeline: String, stage: String
    ) throws(Failure) -> (id: ExecutionID, run: RunID, state: ExecutionState)? {
        guard let number = try existingStage(stage, pipeline: pipeline) else { return nil }
        return try connection.statement(SQL.lastEndedOfStage).first([("stage_id", number)]) { row throws(Failure) in
            (ExecutionID(row.integer(0)), RunID(row.integer(1)), try state(row.text(2)))
        }
    }

    /// What a run decided for stages with these names.
    public func decisions(ofStages stages: [String], in run: RunID) throws(Failure) -> [(
        stage: String, decision: Decision
    )] {
        let names = JSONValue.array(stages.map { .string($0) }).text
        var result: [(stage: String, decision: Decision)] = []
        try connection.statement(SQL.decisionsOfStages).run([("stages", names), ("run_id", run.value)]) { row in
            let reason = reason(row, from: 2)
            if let last = result.last, last.stage == row.text(0) {
                result[result.count - 1].decision.reasons.append(reason)
            } else {
                result.append((row.text(0), decision(row, because: reason)))
            }
        }
        return result
    }

    /// A row of a stage's name, verdict, reason, subject, old and new value, execution.
    func decision(_ row: Row, because reason: Reason) -> Decision {
        let execution = row.isNull(6) ? nil : ExecutionID(row.integer(6))
        return Decision(verdict: Verdict(rawValue: row.text(1)) ?? .run, reasons: [reason], executionID: execution)
    }

    func reason(_ row: Row, from first: Int32) -> Reason {
        Reason(
            Reason.Code(rawValue: row.text(first)) ?? .neverRan, subject: row.optionalText(first + 1),
            old: row.optionalText(first + 2), new: row.optionalText(first + 3))
    }

    /// nil: nothing was ever run.
    public func newestRun() throws(Failure) -> RunID? {
        try connection.statement(SQL.newestRun).first { $0.isNull(0) ? nil : RunID($0.integer(0)) } ?? nil
    }

    func table(_ statement: Statement, _ bindings: [(String, Bindable?)]) throws(Failure) -> Table {
        let prepared = try connection.statement(statement)
        let columns = prepared.columnNames
        let rows = try prepared.all(bindings) { row in columns.indices.map { row.value(Int32($0)) } }
        return Table(columns: columns, rows: rows)
    }

    func array(_ numbers: [Int64]) -> String { "[" + numbers.map(String.init).joined(separator: ",") + "]" }
}
