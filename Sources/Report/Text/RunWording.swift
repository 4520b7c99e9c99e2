// The wording of a run's events, the same for a log and for a terminal. Knows no colours and no line ends; all lines
// are sanitized.
import Model

enum RunWording {
    static func started(_ stage: StageStarted) -> String {
        let attempt = stage.attempt > 1 ? ", attempt \(stage.attempt) of \(stage.maxAttempts)" : ""
        return "\(sanitized(stage.stage)): \(repetition(stage.repetition))started\(attempt)"
            + parenthesized(sentence(for: stage.reasons))
    }

    static func finished(_ stage: StageFinished) -> String {
        let wall = durationText(stage.usage.wallSeconds)
        let what =
            switch stage.state {
            case .succeeded: "succeeded in \(wall)"
            case .failed: "failed after \(wall)"
            case .timedOut: "timed out after \(wall)"
            case .outOfMemory: "ran out of memory after \(wall)"
            case .interrupted: "interrupted after \(wall)"
            case .lost: "lost after \(wall)"
            case .stopped: "stopped after \(wall)"
            case .queued, .running: "running for \(wall)"
            }
        let error = stage.error.map { ": " + sanitized($0) } ?? ""
        return "\(sanitized(stage.stage)): \(repetition(stage.repetition))\(what)\(error)"
            + parenthesized(sanitized(stage.note ?? ""))
    }

    private static func repetition(_ repetition: Repetition?) -> String {
        repetition.map { "repeat \($0.number) of \($0.count) " } ?? ""
    }

    /// The end of the log, indented, and the command that prints it all. Empty for a success, and for a stage that
    /// ended because the run was interrupted or its search stopped it.
    static func logTail(_ stage: StageFinished) -> [String] {
        guard ![.succeeded, .interrupted, .stopped].contains(stage.state) else { return [] }
        return stage.logTail.map { "    " + sanitizedLogLine($0) } + ["    log: \(logsCommand(stage.stage))"]
    }

    static func blocked(_ stage: String, _ decision: Decision) -> String {
        let why = sentence(for: decision.reasons)
        return "\(sanitized(stage)): " + (why.hasPrefix("blocked") ? why : "blocked: \(why)")
    }

    static func retrying(_ stage: String, nextAttempt: Int, maxAttempts: Int, delaySeconds: Double) -> String {
        let delay = delaySeconds > 0 ? " in \(durationText(delaySeconds))" : ""
        return "\(sanitized(stage)): retrying\(delay) (attempt \(nextAttempt) of \(maxAttempts))"
    }

    static func waiting(_ stage: String, forRun run: RunID?, why: String) -> String {
        "\(sanitized(stage)): waiting\(run.map { " for run \($0)" } ?? ""): \(sanitized(why))"
    }

    static func warning(_ text: String) -> [String] {
        text.split(separator: "\n").enumerated().map { ($0 == 0 ? "warning: " : "  ") + sanitized(String($1)) }
    }

    static func interrupted(signal: Int32, forced: Bool) -> String {
        forced
            ? "\(signalName(signal)): killing running stages"
            : "\(signalName(signal)): stopping running stages (repeat to kill them)"
    }

    static func beginning(_ run: RunStarted) -> String {
        let parts = [
            run.willRun > 0 ? "\(run.willRun) will run" : nil,
            run.mayRun > 0 ? "\(run.mayRun) may run" : nil,
            run.fresh > 0 ? "\(run.fresh) fresh" : nil,
            run.expectedSeconds.map { "about \(roughDurationText($0))" },
        ]
        return "\(sanitized(run.pipeline)): \(countText(run.stagesSelected, "stage"))"
            + parenthesized(parts.compactMap(\.self).joined(separator: ", "))
    }

    /// The last lines of a run: the outcome, and what to type next if something is left to do.
    static func ending(_ run: RunFinished, _ tally: RunTally) -> [String] {
        let name = sanitized(run.pipeline)
        let isNothing = !tally.hasExecuted && run.status == .succeeded
        if isNothing { return ["\(name): " + nothingRan(run, tally)] }
        let ended =
            tally.succeeded + tally.unsuccessful.count + run.counts.blocked + run.counts.fresh + run.counts.restored
        let parts = [
            (tally.failed, "failed"), (tally.interrupted, "interrupted"), (run.counts.blocked, "blocked"),
            (tally.total - ended, "not started"), (tally.succeeded, "succeeded"), (run.counts.restored, "restored"),
            (run.counts.fresh, "fresh"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let counts = parts.isEmpty ? "nothing done" : parts.joined(separator: ", ")
        var lines = ["\(name): \(counts) in \(durationText(run.wallSeconds))"]
        if run.status != .succeeded { lines += next(run, tally) }
        return lines
    }

    private static func nothingRan(_ run: RunFinished, _ tally: RunTally) -> String {
        let total = max(tally.total, run.counts.fresh + run.counts.restored)
        guard total > 0 else { return "no stages, nothing to run" }
        let which = total == 1 ? "1 stage" : "all \(total) stages"
        let restored = run.counts.restored > 0 ? " (\(run.counts.restored) restored)" : ""
        return "\(which) fresh\(restored), nothing to run"
    }

    private static func next(_ run: RunFinished, _ tally: RunTally) -> [String] {
        let failed = run.failedStages.filter { tally.unsuccessful[$0] != .interrupted }
        let shown = failed.prefix(3).map { (logsCommand($0), "to see why it failed") }
        let rest = ("runs exec", run.status == .interrupted ? "to continue" : "to run what is left")
        let rows = shown + [rest]
        let widest = rows.map { displayWidth($0.0) }.max() ?? 0
        var lines = rows.map { "  " + padded($0.0, to: widest) + "  " + $0.1 }
        if failed.count > shown.count {
            lines.insert("  … and \(failed.count - shown.count) more failed", at: shown.count)
        }
        return lines
    }

    private static func logsCommand(_ stage: String) -> String { "runs logs \(sanitized(shellQuoted(stage)))" }

    private static func parenthesized(_ text: String) -> String { text.isEmpty ? "" : " (\(text))" }
}
