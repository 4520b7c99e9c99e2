// One run as a page, for a terminal and as Markdown for a pull request. Knows wording and layout; the facts come from
// the store.
import Model

/// At most this many metrics are shown per stage; JSON has all.
private let mostMetrics = 4

/// The page for a terminal.
///
/// - Parameter width: columns that the table must fit; nil: no limit.
public func runPage(_ run: RunFacts, width: Int?) -> String {
    var lines = ["run \(run.id) of \(sanitized(run.pipeline)): \(run.status.rawValue)\(unrecordedEnd(run))"]
    func add(_ name: String, _ text: String?) {
        if let text, !text.isEmpty { lines.append("  " + padded(name, to: 9) + text) }
    }
    add("pipeline", sanitized(run.pipelinePath))
    add("started", timeText(run.startedAt) + " UTC" + (run.wallSeconds.map { ", took \(durationText($0))" } ?? ""))
    add("command", sanitized(run.commandLine))
    add("by", "\(sanitized(run.user)) on \(sanitized(run.host)), engine \(sanitized(run.engine))")
    add(
        "commit",
        run.gitCommit.map { sanitized($0) + (run.gitBranch.map { " on \(sanitized($0))" } ?? "") + dirtiness(run) })
    add("machine", machineText(run.machine))
    add("tags", run.tags.map(sanitized).joined(separator: ", "))
    for note in run.notes { add("note", sanitized(note)) }
    add("total", countsText(run))
    var text = lines.joined(separator: "\n") + "\n"

    let table = stageTable(run)
    // The stage, and how it ended.
    let roles = TableRoles(rightAligned: table.rightAligned, names: [0], answers: [1])
    var writer = TableWriter(format: .box, columns: table.columns, width: width, roles: roles)
    for row in table.rows { _ = writer.add(row: row.map { .text($0) }) }
    let box = writer.finish()
    if !box.isEmpty { text += box }
    let failures = failures(of: run)
    if !failures.isEmpty { text += "failed:\n" }
    for execution in failures {
        let error = sanitized(execution.error ?? execution.state.rawValue)
        text += "  \(sanitized(execution.stage)) (execution \(execution.id)): \(error)\n"
        text += "    log: \(sanitized(execution.logPath))\n"
    }
    for execution in run.stages.filter({ $0.attempts > 0 }).compactMap(\.execution) {
        if let note = execution.note { text += "note on \(sanitized(execution.stage)): \(sanitized(note))\n" }
    }
    return text
}

/// The page for a pull request or a job's summary.
public func runMarkdown(_ run: RunFacts) -> String {
    let took = run.wallSeconds.map { " in \(durationText($0))" } ?? ""
    var text =
        "### \(markdownText(run.pipeline)): run \(run.id) \(statusPhrase(run.status))\(unrecordedEnd(run))\(took)\n\n"
    var facts = [countsText(run)]
    if let commit = run.gitCommit {
        facts.append(
            "commit \(markdownCode(String(commit.prefix(12))))"
                + (run.hasUncommittedChanges == true ? " (with uncommitted changes)" : ""))
    }
    facts.append(markdownCode(run.commandLine))
    facts += run.tags.map { "tag \(markdownCode($0))" }
    text += facts.joined(separator: " · ") + "\n"
    for note in run.notes { text += "\n> \(markdownText(note))\n" }

    let table = stageTable(run, markdown: true)
    if !table.rows.isEmpty {
        let grid = TableGrid(
            heads: table.columns, rows: table.rows, rightAligned: table.columns.indices.map(table.rightAligned.contains)
        )
        text += "\n" + grid.markdown()
    }
    let failures = failures(of: run)
    if !failures.isEmpty { text += "\n**Failed**\n\n" }
    for execution in failures {
        text += "- \(markdownCode(execution.stage)): \(markdownText(execution.error ?? execution.state.rawValue)) "
        text += "(log \(markdownCode(execution.logPath)))\n"
    }
    for execution in run.stages.filter({ $0.attempts > 0 }).compactMap(\.execution) {
        if let note = execution.note { text += "\nNote on \(markdownCode(execution.stage)): \(markdownText(note))\n" }
    }
    return text
}

private func unrecordedEnd(_ run: RunFacts) -> String { run.unrecordedEnd.map { " (\($0.sentence))" } ?? "" }

private func statusPhrase(_ status: RunStatus) -> String {
    switch status {
    case .running: "is running"
    case .interrupted: "was interrupted"
    case .lost: "was lost"
    case .succeeded, .failed: status.rawValue
    }
}

private func dirtiness(_ run: RunFacts) -> String {
    guard run.hasUncommittedChanges == true else { return "" }
    return " (with uncommitted changes\(run.gitDiffBytes == nil ? "" : ", see --git-diff"))"
}

/// `2 x Intel(R) Xeon(R), 25.1 GB, Linux 6.1.0; NVIDIA H100, driver 550.54`. Empty if unknown.
private func machineText(_ machine: Machine) -> String {
    guard machine.cpuCount > 0 else { return "" }
    let cpus = "\(machine.cpuCount) x \(machine.cpuModel.map(sanitized) ?? "cpu")"
    let gpus = machine.gpuNames.map {
        "; \(sanitized($0))" + (machine.gpuDriver.map { ", driver \(sanitized($0))" } ?? "")
    }
    return "\(cpus), \(byteText(machine.memoryBytes)), \(sanitized(machine.kernel))\(gpus ?? "")"
}

/// `10 stages: 7 executed (1 failed), 2 fresh, 1 blocked`.
private func countsText(_ run: RunFacts) -> String {
    let counts = run.counts
    var parts: [String] = []
    if counts.executed > 0 {
        parts.append("\(counts.executed) executed" + (counts.failed > 0 ? " (\(counts.failed) failed)" : ""))
    }
    if counts.restored > 0 { parts.append("\(counts.restored) restored") }
    if counts.fresh > 0 { parts.append("\(counts.fresh) fresh") }
    if counts.blocked > 0 { parts.append("\(counts.blocked) blocked") }
    let total = countText(run.stagesTotal, "stage")
    return parts.isEmpty ? total : "\(total): \(parts.joined(separator: ", "))"
}

private func failures(of run: RunFacts) -> [ExecutionFacts] {
    run.stages.filter { $0.attempts > 0 }.compactMap(\.execution).filter {
        $0.state.isFinal && $0.state != .succeeded && $0.state != .stopped
    }
}

private struct StageTable {
    var columns: [String]
    var rows: [[String]]
    var rightAligned: Set<Int>
}

/// The outcome of each stage. Empty columns are omitted.
private func stageTable(_ run: RunFacts, markdown: Bool = false) -> StageTable {
    func words(_ text: String) -> String { markdown ? markdownText(text) : text }
    func name(_ text: String) -> String { markdown ? markdownCode(text) : sanitized(text) }
    var columns: [StageColumn] = []
    columns.append(StageColumn(name: "stage") { name($0.stage) })
    columns.append(StageColumn(name: "state") { words(stateText($0)) })
    columns.append(StageColumn(name: "why") { words(whyText($0)) })
    columns.append(StageColumn(name: "wall", isFigure: true) { seconds(figures($0)?.wallSeconds) })
    columns.append(StageColumn(name: "cpu", isFigure: true) { seconds(figures($0)?.cpuSeconds) })
    columns.append(StageColumn(name: "memory", isFigure: true) { size(figures($0)?.maxRSSBytes) })
    columns.append(StageColumn(name: "gpu", isFigure: true) { size(figures($0)?.gpuPeakBytes) })
    columns.append(StageColumn(name: "metrics") { words(metricsText($0)) })
    let all = columns.map { column in run.stages.map(column.text) }
    let filled = columns.indices.filter { index in all[index].contains { !$0.isEmpty } }
    return StageTable(
        columns: filled.map { columns[$0].name },
        rows: run.stages.indices.map { row in filled.map { all[$0][row] } },
        rightAligned: Set(filled.indices.filter { columns[filled[$0]].isFigure }))
}

private struct StageColumn {
    let name: String
    var isFigure = false
    let text: (StageOfRun) -> String
}

private func seconds(_ value: Double?) -> String { value.map { durationText($0) } ?? "" }
private func size(_ value: Int64?) -> String { value.map { byteText($0) } ?? "" }

private func whyText(_ stage: StageOfRun) -> String {
    sentence(for: stage.decision.reasons.filter { $0.code != .frozen && $0.code != .restored })
}

private func metricsText(_ stage: StageOfRun) -> String {
    let metrics = (stage.execution?.metrics ?? []).map { ($0.name, $0.value) }
    return valuesText(metrics.sorted { isPlainer($0.0, $1.0) }, limit: mostMetrics)
}

/// Figures of the run itself; those of a restored stage belong to another run.
private func figures(_ stage: StageOfRun) -> ExecutionFacts? { stage.attempts > 0 ? stage.execution : nil }

private func stateText(_ stage: StageOfRun) -> String {
    guard stage.attempts > 0, let execution = stage.execution else {
        return stage.decision.verdict == .run ? "not started" : stage.decision.verdict.rawValue
    }
    return execution.state.rawValue + (execution.isRejected ? ", rejected" : "")
        + repeatsText(stage.attempts, execution)
}

/// ` (5 repeats, 6 attempts)`: more attempts than repeats if some failed.
private func repeatsText(_ attempts: Int, _ execution: ExecutionFacts) -> String {
    var parts: [String] = []
    var expected = 1
    if let repeats = execution.repeats {
        if repeats > 1 { parts.append("\(repeats) repeats") }
        expected = repeats
    } else if let repetition = execution.repetition {
        parts.append("repeat \(repetition)")
        expected = repetition
    }
    if attempts > expected { parts.append("\(attempts) attempts") }
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
}
