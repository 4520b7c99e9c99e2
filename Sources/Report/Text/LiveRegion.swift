// The contents of the live region: the running stages and a status line. Knows sizes in characters and estimates the
// time left; does not know escape sequences.
import Model

struct LiveRegion: Sendable {
    private struct Running: Sendable {
        var stage: StageStarted
        var at: Timestamp
    }

    /// Spaces before and after a stage's name.
    private static let frame = 4
    /// If names would get less than this, details are dropped.
    private static let leastNameWidth = 12

    private(set) var tally = RunTally()
    private var startedAt: Timestamp?
    /// In the order in which they started.
    private var running: [Running] = []
    /// Seconds that succeeded stages took, and actual and expected seconds of those with a history.
    private var spent = 0.0
    private var spentWithHistory = 0.0
    private var expectedWithHistory = 0.0

    mutating func note(_ event: RunEvent) {
        tally.note(event.kind)
        switch event.kind {
        case .runStarted: startedAt = event.at
        case .stageStarted(let stage): running.append(Running(stage: stage, at: event.at))
        case .stageFinished(let stage):
            guard let index = running.firstIndex(where: { $0.stage.executionID == stage.executionID }) else { break }
            let started = running.remove(at: index)
            guard stage.state == .succeeded else { break }
            spent += stage.usage.wallSeconds
            guard let expected = started.stage.expectedSeconds else { break }
            spentWithHistory += stage.usage.wallSeconds
            expectedWithHistory += expected
        case .stageDecided, .stageRetrying, .stageWaiting, .warning, .notice, .interrupted, .runFinished: break
        }
    }

    /// At most `rows` lines (at least the status line), none wider than `columns`; empty before the run has started.
    func lines(now: Timestamp, columns: Int, rows: Int) -> [String] {
        guard let startedAt else { return [] }
        let room = max(0, rows - 1)
        // With room for one line only, a stage is more useful than the number of hidden ones.
        let shown = running.count <= room || room < 2 ? min(running.count, room) : room - 1
        var lines = stageLines(running.prefix(shown), now: now, columns: columns)
        if shown < running.count, room >= 2 { lines.append("  … and \(running.count - shown) more") }
        lines.append(status(elapsed: now.seconds(since: startedAt), now: now, columns: columns))
        return lines.map { truncated($0, to: columns) }
    }

    private func stageLines(_ shown: some Collection<Running>, now: Timestamp, columns: Int) -> [String] {
        let names = shown.map { sanitized($0.stage.stage) }
        var details = shown.map { detail(of: $0, now: now) }
        if columns - Self.frame - (details.map(displayWidth).max() ?? 0) < Self.leastNameWidth {
            details = shown.map { elapsed(of: $0, now: now) }
        }
        let left = columns - Self.frame - (details.map(displayWidth).max() ?? 0)
        let nameWidth = min(names.map(displayWidth).max() ?? 0, max(Self.leastNameWidth, left))
        return zip(names, details).map { "  " + padded(cutInMiddle($0, to: nameWidth), to: nameWidth) + "  " + $1 }
    }

    private func elapsed(of running: Running, now: Timestamp) -> String {
        wholeDurationText(now.seconds(since: running.at))
    }

    private func detail(of running: Running, now: Timestamp) -> String {
        let stage = running.stage
        var text = elapsed(of: running, now: now)
        if let expected = stage.expectedSeconds {
            let isLate = now.seconds(since: running.at).rounded() > expected.rounded()
            let usual = expected < 1 ? durationText(expected) : wholeDurationText(expected)
            text += (isLate ? ", usually " : " of ") + usual
        }
        if let gpus = stage.resources.gpus, gpus > .zero { text += ", \(gpus) gpu" + (gpus > .one ? "s" : "") }
        if stage.attempt > 1 { text += ", attempt \(stage.attempt) of \(stage.maxAttempts)" }
        return text
    }

    private func status(elapsed: Double, now: Timestamp, columns: Int) -> String {
        var parts = ["\(tally.done)/\(tally.total)"]
        if columns >= 40 { parts[0] = bar(width: columns >= 72 ? 20 : 8) + " " + parts[0] }
        if !running.isEmpty { parts.append("\(running.count) running") }
        if tally.failed > 0 { parts.append("\(tally.failed) failed") }
        parts.append("elapsed \(wholeDurationText(elapsed))")
        if let left = secondsLeft(elapsed: elapsed, now: now) { parts.append("about \(roughDurationText(left)) left") }
        return parts.joined(separator: " · ")
    }

    private func bar(width: Int) -> String {
        let filled = tally.total > 0 ? tally.done * width / tally.total : 0
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]"
    }

    /// Estimated from the history, corrected by how finished stages compared with theirs; without a history from the
    /// mean of finished stages. nil: unknown, or less than a second.
    private func secondsLeft(elapsed: Double, now: Timestamp) -> Double? {
        guard let started = tally.started else { return nil }
        // Clamped: a few short stages predict little about long ones.
        let pace = expectedWithHistory > 0 ? min(max(spentWithHistory / expectedWithHistory, 0.2), 5) : 1
        let longest =
            running.map { running in
                (running.stage.expectedSeconds ?? 0) * pace - now.seconds(since: running.at)
            }.max() ?? 0
        var left: Double
        if let expected = started.expectedSeconds {
            let planned = started.willRun + started.mayRun
            let needed = planned > 0 ? Double(max(0, planned - tally.skipped)) / Double(planned) : 0
            left = expected * pace * needed - elapsed
        } else {
            guard tally.succeeded > 0 else { return nil }
            let mean = spent / Double(tally.succeeded)
            let unfinished = running.reduce(0) { $0 + max(0, mean - now.seconds(since: $1.at)) }
            let unstarted = Double(max(0, tally.total - tally.done - running.count)) * mean
            left = (unfinished + unstarted) / Double(max(1, running.count))
        }
        left = max(left, longest)
        return left >= 1 ? left : nil
    }
}
