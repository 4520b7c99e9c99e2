// A run on a terminal: finished stages scroll by above a region that shows the running ones. Knows the escape sequences
// that move the region; does not know its contents, which are LiveRegion's. A state machine without a clock.
import Model

/// The live view of a run. `receive` only collects events, so that many cost little; `redraw` and `close` return text.
public struct LiveProgress: RunReporter {
    /// A line that scrolls by.
    private struct Line {
        var text: String
        var colour: Colour?
        /// Truncated at the edge of the terminal rather than wrapped.
        var isTruncated = false
    }

    private enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case dim = "2"
    }

    private let useColor: Bool
    private let showsBench: Bool
    private var region = LiveRegion()
    private var pending: [Line] = []
    /// Display widths of the region's lines on the screen, top first.
    private var drawn: [Int] = []
    private var columns = 80
    private var isCursorHidden = false
    private var hasEnded = false

    /// - Parameter showsBench: print a `[BENCH]` line at the end of each attempt.
    public init(useColor: Bool, showsBench: Bool = false) {
        self.useColor = useColor
        self.showsBench = showsBench
    }

    public mutating func receive(_ event: RunEvent) -> String {
        region.note(event)
        switch event.kind {
        case .runStarted, .stageStarted: break
        case .stageDecided(let stage, let decision):
            guard decision.verdict == .blocked, !region.tally.isExplained(decision) else { break }
            pending.append(Line(text: RunWording.blocked(stage, decision), colour: .yellow))
        case .stageFinished(let stage):
            let colour: Colour =
                switch stage.state {
                case .succeeded: .green
                case .interrupted, .stopped: .yellow
                case .queued, .running, .failed, .timedOut, .outOfMemory, .lost: .red
                }
            pending.append(Line(text: RunWording.finished(stage), colour: colour))
            let tail = RunWording.logTail(stage)
            pending += tail.dropLast().map { Line(text: $0, colour: .dim, isTruncated: true) }
            pending += tail.suffix(1).map { Line(text: $0) }
            if showsBench { pending.append(Line(text: String(benchLine(for: event).dropLast()))) }
        case .stageRetrying(let stage, let next, let most, let delay):
            let text = RunWording.retrying(stage, nextAttempt: next, maxAttempts: most, delaySeconds: delay)
            pending.append(Line(text: text, colour: .yellow))
        case .stageWaiting(let stage, let run, let why):
            pending.append(Line(text: RunWording.waiting(stage, forRun: run, why: why), colour: .yellow))
        case .warning(let text): pending += RunWording.warning(text).map { Line(text: $0, colour: .yellow) }
        case .notice(let text): pending.append(Line(text: sanitized(text)))
        case .interrupted(let signal, let forced):
            pending.append(Line(text: RunWording.interrupted(signal: signal, forced: forced), colour: .yellow))
        case .runFinished(let run):
            hasEnded = true
            let lines = RunWording.ending(run, region.tally)
            pending.append(Line(text: lines[0], colour: run.status == .succeeded ? .green : .red))
            pending += lines.dropFirst().map { Line(text: $0) }
        }
        return ""
    }

    public mutating func redraw(now: Timestamp, size: (columns: Int, rows: Int)) -> String {
        columns = max(1, size.columns)
        // The last column stays empty: terminals differ in where the cursor is after it, and in what is erased.
        let lines = hasEnded ? [] : region.lines(now: now, columns: max(1, columns - 1), rows: size.rows - 1)
        return frame(lines)
    }

    /// Writes pending lines, removes the region and shows the cursor at the start of a line.
    public mutating func close() -> String {
        let text = frame([])
        guard isCursorHidden else { return text }
        isCursorHidden = false
        return text + "\u{1b}[?25h"
    }

    private mutating func frame(_ lines: [String]) -> String {
        guard !pending.isEmpty || !drawn.isEmpty || !lines.isEmpty else { return "" }
        var text = "\u{1b}[?2026h"
        if !lines.isEmpty, !isCursorHidden {
            text += "\u{1b}[?25l"
            isCursorHidden = true
        }
        text += moveToTop()
        for line in pending {
            let fitting =
                line.isTruncated ? [truncated(line.text, to: columns - 1)] : wrapped(line.text, to: max(1, columns - 1))
            for piece in fitting { text += coloured(piece, line.colour) + "\u{1b}[K\n" }
        }
        pending = []
        text += lines.map { $0 + "\u{1b}[K" }.joined(separator: "\n") + "\u{1b}[J"
        drawn = lines.map(displayWidth)
        return text + "\u{1b}[?2026l"
    }

    /// From the end of the region's last line to the start of its first. A terminal that has become narrower has
    /// wrapped lines that no longer fit.
    private func moveToTop() -> String {
        let rows = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
        return rows > 1 ? "\r\u{1b}[\(rows - 1)A" : "\r"
    }

    private func coloured(_ text: String, _ colour: Colour?) -> String {
        guard useColor, let colour, !text.isEmpty else { return text }
        return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
    }
}
