// Watching a run on a terminal: what is running stands in a region at the bottom that is drawn anew, what is finished
// scrolls above it. A state machine from events to text; it never asks what time it is or how wide the screen is.

import Model

public struct LiveProgress: RunReporter {
    private struct Running {
        let stage: String
        let startedAt: Timestamp
        let expectedSeconds: Double?
        let gpus: Quantity?
    }

    private let useColor: Bool
    private let showsBench: Bool
    private var running: [ExecutionID: Running] = [:]
    private var order: [ExecutionID] = []
    private var pipeline = ""
    private var startedAt: Timestamp?
    private var total = 0
    private var done = 0
    private var failed = 0
    private var expectedSeconds: Double?
    /// Lines of the region that are on the screen now.
    private var drawnLines = 0
    private var isCursorHidden = false

    /// - Parameter showsBench: whether a `[BENCH]` line follows each success.
    public init(useColor: Bool, showsBench: Bool) {
        self.useColor = useColor
        self.showsBench = showsBench
    }

    public mutating func receive(_ event: RunEvent) -> String {
        switch event.kind {
        case .runStarted(let run):
            pipeline = run.pipeline
            startedAt = event.at
            total = run.stagesSelected
            done = run.stagesSelected - run.willRun - run.mayRun
            expectedSeconds = run.expectedSeconds
            return ""
        case .stageStarted(let started):
            running[started.executionID] = Running(
                stage: started.stage, startedAt: event.at, expectedSeconds: started.expectedSeconds,
                gpus: started.resources.gpus)
            order.append(started.executionID)
            return ""
        case .stageFinished(let finished):
            running[finished.executionID] = nil
            order.removeAll { $0 == finished.executionID }
            if finished.state == .succeeded { done += 1 } else { failed += 1 }
            return above(finishedText(finished))
        case .stageDecided(_, let decision):
            if decision.verdict == .fresh { done += 1 }
            return commonLine(for: event.kind).map { above($0) } ?? ""
        case .runFinished(let run): return close() + summary(of: run)
        case .stageRetrying, .stageWaiting, .warning, .interrupted:
            return commonLine(for: event.kind).map { above($0) } ?? ""
        }
    }

    public mutating func redraw(now: Timestamp, columns: Int, rows: Int) -> String {
        guard let startedAt, !running.isEmpty || drawnLines > 0 else { return "" }
        var text = erase()
        if !isCursorHidden {
            text = "\u{1b}[?25l" + text
            isCursorHidden = true
        }
        // The last column stays free, for some terminals wrap when it is used.
        let lines = region(now: now, startedAt: startedAt, rows: max(1, rows - 1)).map { cut($0, toWidth: columns - 1) }
        drawnLines = lines.count
        return text + lines.map { color($0, "2") + "\n" }.joined()
    }

    public mutating func close() -> String {
        defer { isCursorHidden = false }
        return erase() + (isCursorHidden ? "\u{1b}[?25h" : "")
    }

    // MARK: - The region

    private func region(now: Timestamp, startedAt: Timestamp, rows: Int) -> [String] {
        var lines: [String] = []
        let fits = max(0, rows - 1)
        let shown = order.count <= fits ? order.count : max(0, fits - 1)
        for id in order.prefix(shown) {
            guard let stage = running[id] else { continue }
            let expected = stage.expectedSeconds.map { " of about \(durationText($0))" } ?? ""
            let gpus = stage.gpus.map { $0 == .zero ? "" : " · \($0) gpu" } ?? ""
            let elapsed = durationText(max(0, now.seconds(since: stage.startedAt)))
            lines.append("  \(sanitized(stage.stage))  \(elapsed)\(expected)\(gpus)")
        }
        if order.count > shown, fits > 0 { lines.append("  … and \(order.count - shown) more") }
        lines.append(statusLine(now: now, startedAt: startedAt))
        return lines
    }

    private func statusLine(now: Timestamp, startedAt: Timestamp) -> String {
        let filled = total == 0 ? 0 : min(10, done * 10 / total)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 10 - filled)
        let elapsed = max(0, now.seconds(since: startedAt))
        var parts = ["[\(bar)] \(done)/\(total)", "\(running.count) running"]
        if failed > 0 { parts.append("\(failed) failed") }
        parts.append(durationText(elapsed))
        if let expectedSeconds, expectedSeconds > elapsed {
            parts.append("about \(durationText((expectedSeconds - elapsed).rounded(.up))) left")
        }
        return parts.joined(separator: " · ")
    }

    private mutating func erase() -> String {
        guard drawnLines > 0 else { return "" }
        defer { drawnLines = 0 }
        return "\u{1b}[\(drawnLines)A\u{1b}[J"
    }

    /// Text that scrolls above the region, which the next redraw draws below it.
    private mutating func above(_ text: String) -> String { erase() + text }

    private func finishedText(_ finished: StageFinished) -> String {
        let line = "\(sanitized(finished.stage)): \(ending(of: finished))"
        if finished.state == .succeeded {
            return color("✓", "32") + " \(line)\n" + (showsBench ? benchLine(of: finished) : "")
        }
        return color("✗", "31") + " \(line)\n" + logBlock(of: finished)
    }

    private func color(_ text: String, _ code: String) -> String { useColor ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }
}
