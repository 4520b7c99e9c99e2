// `runs history`: the executions of a stage, newest first.

import ArgumentParser
import JSON
import Model
import Report
import Store

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "The executions of a stage, newest first: when, how it ended, why it ran, what it used.",
        discussion: "STAGE is a template name (train), a name with values (train@dataset=iris), a full name or a glob.")

    @Argument(help: "The stage.")
    var stage: String

    @Option(name: [.customShort("n"), .long], help: "At most this many executions.")
    var limit = 20

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() throws {
        let store = try Project.find(from: ".", storeOptions).openForReading()
        let found = try store.stages(named: stage)
        let table = try store.history(ofStages: found.map(\.number), limit: limit)
        guard formatOptions.chosen == .box else { return formatOptions.write(table) }
        let shown = readable(table)
        let figures = shown.columns.indices.filter { ["wall", "cpu", "memory", "gpu"].contains(shown.columns[$0]) }
        formatOptions.write(shown, rightAligned: Set(figures))
    }

    /// The same table with durations, sizes and times as a person reads them; machines get the figures.
    private func readable(_ table: Table) -> Table {
        let names: [(column: String, shown: String, text: (TableValue) -> TableValue)] = [
            ("execution_id", "execution", { $0 }),
            ("run", "run", { $0 }), ("stage", "stage", { $0 }), ("attempt", "try", { $0 }), ("state", "state", { $0 }),
            ("why", "why", { $0 }), ("started_at", "started", { shortTime($0) }), ("wall_seconds", "wall", { duration($0) }),
            ("cpu_seconds", "cpu", { duration($0) }), ("max_rss_bytes", "memory", { size($0) }),
            ("gpu_peak_bytes", "gpu", { size($0) }), ("params", "params", { shortObject($0) }),
            ("metrics", "metrics", { shortObject($0) }), ("error", "error", { $0 }),
            ("note", "note", { $0 }), ("log", "log", { $0 }),
        ]
        let columns = names.compactMap { name in
            table.columns.firstIndex(of: name.column).map { (index: $0, shown: name.shown, text: name.text) }
        }.filter { column in table.rows.contains { $0[column.index] != .null && $0[column.index] != .text("{}") } }
        return Table(
            columns: columns.map(\.shown), rows: table.rows.map { row in columns.map { $0.text(row[$0.index]) } })
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
    guard case .text(let text) = value else { return value }
    return .text(String(text.prefix(19).map { $0 == "T" ? " " : $0 }))
}

/// `{"lr":0.1,"dataset":"iris"}` as `lr=0.1 dataset=iris`.
private func shortObject(_ value: TableValue) -> TableValue {
    guard case .text(let text) = value, case .object(let members)? = try? JSONReader.value(of: Array(text.utf8), dialect: .metrics) else { return value }
    return .text(
        members.map { member in
            if case .string(let word) = member.value { "\(member.name)=\(word)" } else { "\(member.name)=\(shortNumber(member.value))" }
        }.joined(separator: " "))
}

/// Four digits after the point are enough to compare runs by eye.
private func shortNumber(_ value: JSONValue) -> String {
    guard case .number(let text) = value, let number = Double(text), text.count > 7 else { return value.text }
    let rounded = (number * 10_000).rounded() / 10_000
    return abs(number) < 0.001 || abs(number) > 1e9 ? "\(number)" : "\(rounded)"
}

extension Store {
    /// The stages in the store that a word names.
    func stages(named word: String) throws -> [(pipeline: String, stage: String, template: String, number: Int64)] {
        let selector = StageSelector(word)
        let all = try stageNames()
        let found = all.filter { selector.matches(stageName: $0.stage, template: $0.template) }
        guard found.isEmpty else { return found }
        let known = Set(all.flatMap { [$0.stage, $0.template] }).sorted()
        let hint = nearest(to: word, among: known).map { " Did you mean '\($0)'?" } ?? ""
        throw Failure(.usage, "the store knows no stage '\(word)'.\(hint)")
    }
}
