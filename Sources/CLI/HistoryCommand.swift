// `runs history`: the executions of a stage, newest first. Knows columns and formats; the store finds the rows.

import ArgumentParser
import JSON
import Model
import Report
import Store

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the executions of a stage, newest first: when and why each ran, how it ended, what it used.",
        discussion: """
            STAGE is a template name (train), a name with values (train@dataset=iris), a full name or a glob. With a \
            pipeline file, stages of that pipeline are listed.
            """)

    @Argument(help: ArgumentHelp("Pipeline file (optional) and stages", valueName: "file-and-stages"))
    var words: [String]

    @Option(name: [.customShort("n"), .long], help: "List at most this many executions")
    var limit = 20

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let named = try RecordedStages.named(by: words, storeOptions)
        let table = try named.store.history(ofStages: named.stages.map(\.number), limit: limit)
        guard [.box, .markdown].contains(formatOptions.chosen) else { return formatOptions.write(table) }
        writeReadable(table)
    }

    /// The table for people: readable durations, sizes and times, params and metrics as columns, and trends below.
    private func writeReadable(_ table: Table) {
        let before = columns(
            of: table,
            [
                ("execution_id", "execution", { $0 }), ("pipeline", "pipeline", { $0 }), ("stage", "stage", { $0 }),
                ("state", "state", { $0 }), ("wall_seconds", "wall", { duration($0) }),
            ]
        ).filter { $0.name != "pipeline" || Set($0.cells).count > 1 }
        let after = columns(
            of: table,
            [
                ("max_rss_bytes", "memory", { size($0) }), ("gpu_peak_bytes", "gpu", { size($0) }),
                ("run", "run", { $0 }),
                ("started_at", "started", { shortTime($0) }), ("attempt", "try", { $0 }), ("why", "why", { $0 }),
                ("cpu_seconds", "cpu", { duration($0) }), ("error", "error", { $0 }),
                ("note", "note", { $0 }), ("log", "log", { $0 }),
            ])
        let executions = pastExecutions(of: table)
        let width = formatOptions.chosen == .box ? Terminal.standardOutput.size?.columns : nil
        let values = valueColumns(executions, room: width.map { max(0, $0 - room(of: before)) })
        let shown = values.columns.map { (name: $0.name, cells: $0.cells.map { TableValue.text($0) }) }
        let all = before + shown + after
        let figures = all.indices.filter {
            ["wall", "cpu", "memory", "gpu"].contains(all[$0].name) || shown.indices.contains($0 - before.count)
        }
        formatOptions.write(
            Table(columns: all.map(\.name), rows: table.rows.indices.map { row in all.map { $0.cells[row] } }),
            TableRoles(
                rightAligned: Set(figures),
                names: ["stage", "log"].compactMap { name in all.firstIndex { $0.name == name } },
                answers: Set(
                    all.indices.filter { all[$0].name == "state" || shown.indices.contains($0 - before.count) })
            ))
        guard formatOptions.chosen == .box else { return }
        if values.leftOut > 0 {
            let count = countText(values.leftOut, "more param or metric", plural: "more params and metrics")
            Terminal.standardOutput.writeLine("\(count) (use --format json to print all)")
        }
        let metrics = values.columns.filter(\.isMetric).map(\.name)
        Terminal.standardOutput.writeForeign(trendText(executions, metrics: metrics))
    }

    private typealias Column = (name: String, cells: [TableValue])

    /// The columns that are not empty.
    private func columns(
        of table: Table, _ names: [(column: String, shown: String, text: (TableValue) -> TableValue)]
    ) -> [Column] {
        names.compactMap { name in
            guard let index = table.columns.firstIndex(of: name.column) else { return nil }
            guard table.rows.contains(where: { $0[index] != .null }) else { return nil }
            return (name.shown, table.rows.map { name.text($0[index]) })
        }
    }

    /// Terminal columns that they take; long names are truncated if there is no room.
    private func room(of columns: [Column]) -> Int {
        columns.reduce(1) { total, column in
            let widths = column.cells.map { if case .text(let text) = $0 { displayWidth(sanitized(text)) } else { 6 } }
            return total + 3 + min(16, max(column.name.count, widths.max() ?? 0))
        }
    }

    private func pastExecutions(of table: Table) -> [PastExecution] {
        let indexes = Dictionary(zip(table.columns, table.columns.indices)) { $1 }
        func value(_ row: [TableValue], _ column: String) -> TableValue { indexes[column].map { row[$0] } ?? .null }
        return table.rows.map { row in
            var (stage, wall, run) = ("", Double?.none, Int64?.none)
            if case .text(let text) = value(row, "stage") { stage = text }
            if case .real(let seconds) = value(row, "wall_seconds") { wall = seconds }
            if case .integer(let number) = value(row, "run") { run = number }
            return PastExecution(
                stage: stage, isSucceeded: value(row, "state") == .text(ExecutionState.succeeded.rawValue),
                wallSeconds: wall,
                params: members(value(row, "params")), metrics: members(value(row, "metrics")), run: run)
        }
    }
}

private func duration(_ value: TableValue) -> TableValue {
    if case .real(let seconds) = value { .text(durationText(seconds)) } else { value }
}

private func size(_ value: TableValue) -> TableValue {
    if case .integer(let bytes) = value { .text(byteText(bytes)) } else { value }
}

/// `2026-11-24 08:30:13` (UTC).
private func shortTime(_ value: TableValue) -> TableValue {
    if case .text(let text) = value { .text(timeText(text)) } else { value }
}

/// The members of a JSON object.
private func members(_ value: TableValue) -> [JSONValue.Member] {
    guard case .text(let text) = value else { return [] }
    let object = try? JSONReader.value(of: Array(text.utf8), dialect: .metrics)
    if case .object(let members)? = object { return members } else { return [] }
}
