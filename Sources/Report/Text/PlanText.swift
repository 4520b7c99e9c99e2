// A plan as printed by `exec --dry-run` and `status`. Knows how to summarise many stages in few lines; does not decide
// anything.
import Model

/// The plan of a run: which stages will run, may run, are restored or blocked, each with its reason, and the counts.
/// More than `limit` stages of a verdict are grouped by template and reason.
public func planText(
    pipeline: String, stages: [(stage: String, decision: Decision)], limit: Int = 20
) -> String {
    let headings: [(Verdict, String)] = [
        (.run, "will run"), (.mayRun, "may run"), (.restored, "will be restored"), (.blocked, "blocked"),
        (.frozen, "frozen"), (.fresh, "fresh"), (.notSelected, "not selected"),
    ]
    let byVerdict = Dictionary(grouping: stages, by: \.decision.verdict)
    var text = ""
    var counts: [String] = []
    for (verdict, heading) in headings {
        guard let members = byVerdict[verdict] else { continue }
        counts.append("\(members.count) \(heading)")
        guard [.run, .mayRun, .restored, .blocked].contains(verdict) else { continue }
        let rows = planRows(members, limit: limit)
        let widest = rows.map { displayWidth($0.name) }.max() ?? 0
        text += "\(heading):\n"
        for row in rows.prefix(limit) {
            text +=
                trimmingEnd(
                    "  " + padded(row.name, to: widest) + "  " + (row.isExample ? "for example: " : "") + row.why)
                + "\n"
        }
        let more = rows.dropFirst(limit).reduce(0) { $0 + $1.stages }
        if more > 0 { text += "  … and \(countText(more, "more stage"))\n" }
    }
    let isIdle = byVerdict.keys.allSatisfy { [.fresh, .frozen, .notSelected].contains($0) }
    let summary = counts.isEmpty ? "no stages" : counts.joined(separator: ", ")
    return text + "\(sanitized(pipeline)): \(summary)" + (isIdle ? ", nothing to run" : "") + "\n"
}

/// Rows for `TableWriter` with the columns `stage`, `status`, `why`.
///
/// - Parameter unfinished: status and explanation of stages whose newest execution has no recorded end.
public func statusRows(
    stages: [(stage: String, decision: Decision)], unfinished: [String: (status: String, why: String)] = [:]
) -> [[TableValue]] {
    stages.map { stage, decision in
        if let (status, why) = unfinished[stage] { return [.text(stage), .text(status), .text(why)] }
        let status = statusWord(of: decision)
        // The status already says that a fresh stage is fresh.
        let why = decision.reasons.filter { !isVerdictItself($0.code) }
        return [.text(stage), .text(status), .text(sentence(for: why))]
    }
}

private func statusWord(of decision: Decision) -> String {
    switch decision.verdict {
    case .run: decision.reasons.contains { $0.code == .lastFailed } ? "failed" : "stale"
    case .mayRun: "may be stale"
    case .fresh: "fresh"
    case .restored: "restorable"
    case .frozen: "frozen"
    case .blocked: "blocked"
    case .notSelected: "not selected"
    }
}

private func isVerdictItself(_ code: Reason.Code) -> Bool {
    [.fresh, .frozen, .restored, .notSelected].contains(code)
}

private struct PlanRow {
    var name: String
    var why: String
    var stages: Int
    /// Whether other stages of the row have another reason.
    var isExample = false
}

private func planRows(_ members: [(stage: String, decision: Decision)], limit: Int) -> [PlanRow] {
    let single = members.map { stage, decision in
        let why = decision.reasons.filter { !isVerdictItself($0.code) }
        return PlanRow(name: sanitized(stage), why: sentence(for: why), stages: 1)
    }
    guard single.count > limit else { return single }
    // Reasons of a template's stages differ mostly in paths and values, so they are grouped by kind.
    var rows: [PlanRow] = []
    var places: [String: Int] = [:]
    for (row, member) in zip(single, members) {
        let template = row.name.split(separator: "@").first.map(String.init) ?? row.name
        let group = "\(template) \(member.decision.reasons.first?.code.rawValue ?? "")"
        if let place = places[group] {
            rows[place].stages += 1
            rows[place].name = "\(template) (\(rows[place].stages) stages)"
            if rows[place].why != row.why { rows[place].isExample = true }
        } else {
            places[group] = rows.count
            rows.append(row)
        }
    }
    return rows
}

private func trimmingEnd(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
}
