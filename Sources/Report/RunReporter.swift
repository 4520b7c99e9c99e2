// What every way of watching a run has in common, and the sentences that several of them use.

import Model

/// Turns the events of a run into text.
public protocol RunReporter {
    /// What to print when this happens; may be empty.
    mutating func receive(_ event: RunEvent) -> String
    /// What brings a live display up to date; called about ten times a second.
    mutating func redraw(now: Timestamp, columns: Int, rows: Int) -> String
    /// What leaves a clean screen behind.
    mutating func close() -> String
}

extension RunReporter {
    public mutating func redraw(now: Timestamp, columns: Int, rows: Int) -> String { "" }
    public mutating func close() -> String { "" }
}

/// How a stage ended, in words: `succeeded in 12.3s`, `failed after 0.2s: exit code 3`.
func ending(of finished: StageFinished) -> String {
    let duration = durationText(finished.usage.wallSeconds)
    let tail = finished.error.map { ": \(sanitized($0))" } ?? ""
    let note = finished.note.map { " (\(sanitized($0)))" } ?? ""
    switch finished.state {
    case .succeeded: return "succeeded in \(duration)\(note)"
    case .failed: return "failed after \(duration)\(tail)\(note)"
    case .timedOut: return "timed out after \(duration)\(note)"
    case .outOfMemory: return "ran out of memory after \(duration)\(tail)\(note)"
    case .interrupted: return "interrupted after \(duration)\(note)"
    case .lost, .running: return "lost\(tail)"
    }
}

/// The end of a failed stage's log, and the command that shows the rest. An interrupted stage has nothing to explain.
func logBlock(of finished: StageFinished) -> String {
    guard finished.state != .succeeded, finished.state != .interrupted, finished.exit != nil else { return "" }
    let lines = finished.logTail.map { "    \(sanitized($0))\n" }.joined()
    return lines + "    the whole log: runs logs \(shellQuoted(sanitized(finished.stage)))\n"
}

/// `[BENCH] train@dataset=iris: 12.3s, peak memory: 1.20 GB`.
func benchLine(of finished: StageFinished) -> String {
    let memory = finished.usage.maxRSSBytes.map { ", peak memory: \(bytesText($0))" } ?? ""
    return "[BENCH] \(sanitized(finished.stage)): \(durationText(finished.usage.wallSeconds))\(memory)\n"
}

/// The last line of a run.
func summary(of run: RunFinished) -> String {
    let name = sanitized(run.pipeline)
    let counts = run.counts
    let left = counts.fresh + counts.restored
    if run.status == .succeeded, counts.executed == 0 {
        let restored = counts.restored > 0 ? " (\(counts.restored) put back)" : ""
        let all = left == 1 ? "its 1 stage is fresh" : "all \(left) stages are fresh"
        return "\(name): \(all)\(restored), nothing to run\n"
    }
    let parts = [
        (counts.failed, "failed"), (counts.blocked, "blocked"), (counts.executed - counts.failed, "succeeded"),
        (counts.restored, "put back"), (counts.fresh, "fresh"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let result = parts.isEmpty ? "nothing was started" : parts.joined(separator: ", ")
    var text = "\(name): \(run.status == .interrupted ? "interrupted; " : "")\(result) in \(durationText(run.wallSeconds))\n"
    if run.status != .succeeded {
        text += "Run the same command again when it is mended: only what failed or changed will run.\n"
    }
    return text
}

/// Events whose words are the same wherever they are shown; nil for the others.
func commonLine(for kind: RunEvent.Kind) -> String? {
    switch kind {
    case .warning(let text): return "warning: \(sanitized(text))\n"
    case .interrupted(let signal, let forced):
        let name = signalName(signal)
        return forced
            ? "Interrupted again (\(name)): everything is killed now.\n"
            : "Interrupted (\(name)): no new stages; what runs is asked to stop. Once more kills it at once.\n"
    case .stageRetrying(let stage, let next, let most, let delay):
        return "\(sanitized(stage)): attempt \(next) of \(most) follows in \(durationText(delay))\n"
    case .stageWaiting(let stage, let run, let why):
        return "\(sanitized(stage)): waits for run \(run) (\(sanitized(why)))\n"
    case .stageDecided(let stage, let decision):
        switch decision.verdict {
        case .restored: return "\(sanitized(stage)): its earlier outputs are put back\n"
        case .blocked: return "\(sanitized(stage)): \(phrase(for: decision.reasons))\n"
        case .fresh, .frozen, .run, .mayRun, .notSelected: return nil
        }
    case .runStarted, .stageStarted, .stageFinished, .runFinished: return nil
    }
}
