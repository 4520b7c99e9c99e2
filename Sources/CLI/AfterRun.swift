// What `runs exec` does after the run's end is recorded: summarise repeats, and run the user's command. Knows the run's
// rows; does not change how the run ended.

import Coordinator
import Model
import Programs
import Report
import Store

/// Enough for an upload; a hook that hangs must not block a terminal or a CI job.
private let mostSecondsOfHook = 300.0

/// Runs the command of `--on-finish`. Errors are printed as warnings.
func runOnFinish(_ command: String, _ run: RunID, in store: Store) {
    let warning: String?
    do throws(Failure) {
        let report = try store.report(of: run)
        warning = runHook(command, input: report.text + "\n", limitSeconds: mostSecondsOfHook)
    } catch {
        warning = error.message
    }
    if let warning { Terminal.standardError.writeLine("warning: --on-finish: \(sanitizedLines(warning))") }
}

extension Store {
    /// Resources used by the repeats of a run, by stage, in the order in which the stages started.
    func repeats(of run: RunID) throws(Failure) -> [RepeatedUsage] {
        var usages: [RepeatedUsage] = []
        var places: [String: Int] = [:]
        for row in try usageOfRepeats(in: run) {
            let place = places[row.stage] ?? usages.count
            if place == usages.count {
                usages.append(RepeatedUsage(stage: row.stage))
                places[row.stage] = place
            }
            usages[place].add(wallSeconds: row.wallSeconds, memoryBytes: row.maxRSSBytes, gpuBytes: row.gpuPeakBytes)
        }
        return usages
    }
}

extension Store {
    /// The run as in the views: its row of `runs`, with `tags` and `executions`.
    func report(of run: RunID) throws(Failure) -> JSONValue {
        var members: [JSONValue.Member] = []
        if case .object(let fields)? = objects(try runRow(run)).first { members = fields }
        members.append(JSONValue.Member(name: "tags", value: .array(objects(try tagRows(ofRun: run)))))
        members.append(JSONValue.Member(name: "executions", value: .array(objects(try executionRows(ofRun: run)))))
        return .object(members)
    }

    private func objects(_ table: Table) -> [JSONValue] {
        table.rows.map { row in
            .object(zip(table.columns, row).map { JSONValue.Member(name: $0, value: json($1)) })
        }
    }

    private func json(_ value: TableValue) -> JSONValue {
        switch value {
        case .null, .blob: .null
        case .integer(let number): .integer(number)
        case .real(let number): .double(number)
        case .text(let text): .string(text)
        }
    }
}
