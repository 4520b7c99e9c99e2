// `runs stats`: statistics of stages, and a run compared with its history. Knows options and tables; the rules are
// Model's.

import ArgumentParser
import Model
import Report
import Store

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show statistics of stages, or compare a run with its history and check for regressions.",
        discussion: """
            Without options, print the view stage_stats. With --run, compare each stage of the run with up to 30 \
            earlier runs that executed it. A figure is out of line if it exceeds the median by more than the largest \
            of: 5.19 times the median absolute deviation (MAD; a modified z-score of 3.5), a tenth of the median, and \
            0.5 s, 32 MiB, or 64 MiB of GPU memory. At least 5 earlier runs are needed. See docs/store.md.
            """)

    @Argument(
        help: ArgumentHelp(
            "Pipeline file (optional) and stages (default: all): template names, names with values, full names or globs",
            valueName: "file-and-stages"))
    var words: [String] = []

    @Option(name: .customLong("run"), help: "Compare this run (a number, a tag or latest) and print every figure")
    var runWord: String?

    @Flag(help: "Print figures of the run (default: latest) that are out of line; exit with 1 if there are any")
    var regressions = false

    @Option(
        help: ArgumentHelp(
            "Check a metric of the run: f1:min=0.9, loss:max=0.3, or f1:drop=0.02 (below the best earlier value); "
                + "exit with 1 if a check fails; repeatable", valueName: "bound"))
    var metric: [String] = []

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let bounds = try metric.map { text in
            guard let bound = MetricBound(text) else {
                throw Failure(
                    .usage, "--metric: invalid bound '\(text)' (examples: f1:min=0.9, loss:max=0.3, f1:drop=0.02)")
            }
            return bound
        }
        // An unknown stage is an error, not an empty table.
        let named = try RecordedStages.named(by: words, storeOptions)
        let store = named.store
        let chosen = words.isEmpty ? nil : Set(named.stages.map(\.stage))
        guard runWord != nil || regressions || !bounds.isEmpty else {
            return try showStages(
                store, words.isEmpty ? nil : named.stages.map { [.text($0.pipeline), .text($0.stage)] })
        }
        let run = try store.findRun(runWord ?? "latest")
        var compared: [ComparedFigure] = []
        if runWord != nil || regressions {
            for history in try store.usage(behind: run) where chosen?.contains(history.stage) ?? true {
                compared += comparedUsage(history)
            }
        }
        for bound in bounds {
            // A metric that is no longer reported must not pass a check.
            let found = try store.metric(bound.name, behind: run).filter { chosen?.contains($0.stage) ?? true }
            guard !found.isEmpty else {
                throw Failure(
                    .usage,
                    "no stage of run \(run) reports a metric '\(bound.name)' "
                        + "(`runs query \"select distinct stage, name from final_metrics\"` lists all metrics)")
            }
            compared += found.map { ComparedFigure(of: bound, $0) }
        }
        show(compared, of: run)
        let isChecked = regressions || !bounds.isEmpty
        let outOfLine = compared.filter { $0.comparison.standing == .outOfLine && (regressions || $0.isMetric) }
        if isChecked, !outOfLine.isEmpty { throw ExitCode(1) }
    }

    /// - Parameter chosen: pipeline and name of each stage; nil: all.
    private func showStages(_ store: Store, _ chosen: [[TableValue]]?) throws {
        let all = try store.stageStats()
        let places = ["pipeline", "stage"].compactMap(all.columns.firstIndex)
        let named = chosen.map(Set.init)
        let rows = all.rows.filter { row in named?.contains(places.map { row[$0] }) ?? true }
        let table = Table(columns: all.columns, rows: rows)
        guard formatOptions.chosen == .box else { return formatOptions.write(table) }
        let shown = readable(table)
        let figures = shown.columns.indices.filter { column in
            ["max", "p50", "p95"].contains { shown.columns[column].hasSuffix($0) }
        }
        formatOptions.write(
            shown,
            TableRoles(rightAligned: Set(figures), names: shown.columns.firstIndex(of: "stage").map { [$0] } ?? []))
    }

    /// With short column names, readable durations and sizes, and without empty columns.
    private func readable(_ table: Table) -> Table {
        let names: [(column: String, shown: String, text: (TableValue) -> TableValue)] = [
            ("pipeline", "pipeline", { $0 }), ("stage", "stage", { $0 }), ("executions", "count", { $0 }),
            ("failures", "failed", { $0 }), ("wall_seconds_p50", "p50", { duration($0) }),
            ("wall_seconds_p95", "p95", { duration($0) }), ("wall_seconds_max", "max", { duration($0) }),
            ("max_rss_bytes_p95", "memory p95", { size($0) }), ("gpu_peak_bytes_p95", "gpu p95", { size($0) }),
            ("last_started_at", "last started", { shortTime($0) }),
        ]
        let columns = names.compactMap { name in
            table.columns.firstIndex(of: name.column).map { (index: $0, shown: name.shown, text: name.text) }
        }.filter { column in
            let values = Set(table.rows.map { $0[column.index] })
            return column.shown == "pipeline" ? values.count > 1 : values != [.null]
        }
        return Table(
            columns: columns.map(\.shown), rows: table.rows.map { row in columns.map { $0.text(row[$0.index]) } })
    }

    private func show(_ compared: [ComparedFigure], of run: RunID) {
        let shown = runWord != nil ? compared : compared.filter { $0.comparison.standing == .outOfLine }
        let isForPeople = formatOptions.chosen == .box
        if !shown.isEmpty {
            formatOptions.write(
                Table(columns: ComparedFigure.columns, rows: shown.map { $0.row(isForPeople: isForPeople) }),
                TableRoles(rightAligned: [3, 4, 5, 6, 7], names: [0, 1], answers: [2]))
        }
        let unevaluated = compared.count { $0.comparison.standing == .tooLittleHistory }
        let outOfLine = compared.count { $0.comparison.standing == .outOfLine }
        let figures = countText(compared.count, "figure")
        Terminal.standardError.writeLine(
            "run \(run): \(outOfLine) of \(figures) out of line"
                + (unevaluated == 0
                    ? "" : "; \(unevaluated) not checked (fewer than \(OutlierRule.leastHistory) earlier runs)"))
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
