// Watching a run off a terminal: one plain line an event, no colours, nothing that moves.

import Model

public struct PlainProgress: RunReporter {
    private let showsBench: Bool
    private var total = 0
    private var done = 0

    /// - Parameter showsBench: whether a `[BENCH]` line follows each success.
    public init(showsBench: Bool) { self.showsBench = showsBench }

    public mutating func receive(_ event: RunEvent) -> String {
        switch event.kind {
        case .runStarted(let run):
            total = run.stagesSelected
            // What was fresh from the start is done, and not worth a line each.
            done = run.stagesSelected - run.willRun - run.mayRun
            return ""
        case .stageStarted(let started):
            let attempt = started.attempt > 1 ? ", attempt \(started.attempt) of \(started.maxAttempts)" : ""
            return "\(counter) \(sanitized(started.stage)): started (\(phrase(for: started.reasons))\(attempt))\n"
        case .stageFinished(let finished):
            if finished.state == .succeeded { done += 1 }
            let line = "\(counter) \(sanitized(finished.stage)): \(ending(of: finished))\n"
            return line + (showsBench && finished.state == .succeeded ? benchLine(of: finished) : logBlock(of: finished))
        case .stageDecided(_, let decision):
            if decision.verdict == .fresh { done += 1 }
            return commonLine(for: event.kind).map { "\(counter) \($0)" } ?? ""
        case .runFinished(let run): return summary(of: run)
        case .stageRetrying, .stageWaiting, .warning, .interrupted: return commonLine(for: event.kind) ?? ""
        }
    }

    /// `[ 3/10]`: stages done.
    private var counter: String {
        let whole = String(total)
        let part = String(done)
        return "[\(String(repeating: " ", count: max(0, whole.utf8.count - part.utf8.count)))\(part)/\(whole)]"
    }
}

/// Only what went wrong.
public struct QuietProgress: RunReporter {
    public init() {}

    public mutating func receive(_ event: RunEvent) -> String {
        switch event.kind {
        case .stageFinished(let finished) where finished.state != .succeeded:
            return "\(sanitized(finished.stage)): \(ending(of: finished))\n" + logBlock(of: finished)
        case .warning, .interrupted: return commonLine(for: event.kind) ?? ""
        default: return ""
        }
    }
}
