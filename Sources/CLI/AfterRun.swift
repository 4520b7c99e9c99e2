// What `runs exec` does once the run's end is recorded: sums up repeats, and tells a command of the user's. Nothing
// here changes how the run ended.

import Coordinator
import Model
import Programs
import Report
import Store

/// A hook may upload something; one that hangs must not keep the terminal, or a CI job, for ever.
private let mostSecondsOfHook = 300.0

/// Runs the command of `--on-finish`. What goes wrong is a warning.
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
    /// What the repeats of a run used, by stage, in the order in which the stages began.
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
    /// The run as it stands in the views: its row of `runs`, with `tags` and `executions`.
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
