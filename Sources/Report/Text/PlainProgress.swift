// A run as plain lines, for logs and pipes, and the quiet form, which prints only failures. Knows which events are
// printed; does not know colours or terminals.
import Model

/// One line per event: `[ 4/10] train@dataset=iris: succeeded in 12.3s`. Fresh stages are counted, not listed; a run
/// with nothing to do is one line.
public struct PlainProgress: RunReporter {
    private var tally = RunTally()
    /// The first line, held back until something happens.
    private var beginning: String?

    public init() {}

    public mutating func receive(_ event: RunEvent) -> String {
        tally.note(event.kind)
        let lines = lines(for: event.kind)
        guard !lines.isEmpty else { return "" }
        var text = ""
        var isWaiting = false
        if case .stageWaiting = event.kind { isWaiting = true }
        if let beginning, tally.hasExecuted || isWaiting {
            text = beginning + "\n"
            self.beginning = nil
        }
        return lines.reduce(into: text) { $0 += $1 + "\n" }
    }

    private mutating func lines(for kind: RunEvent.Kind) -> [String] {
        switch kind {
        case .runStarted(let run):
            beginning = RunWording.beginning(run)
            return []
        case .stageDecided(let stage, let decision):
            guard decision.verdict == .blocked, !tally.isExplained(decision) else { return [] }
            return [counter + RunWording.blocked(stage, decision)]
        case .stageStarted(let stage): return [counter + RunWording.started(stage)]
        case .stageFinished(let stage): return [counter + RunWording.finished(stage)] + RunWording.logTail(stage)
        case .stageRetrying(let stage, let next, let most, let delay):
            return [
                counter + RunWording.retrying(stage, nextAttempt: next, maxAttempts: most, delaySeconds: delay)
            ]
        case .stageWaiting(let stage, let run, let why):
            return [counter + RunWording.waiting(stage, forRun: run, why: why)]
        case .warning(let text): return RunWording.warning(text)
        case .notice(let text): return [sanitized(text)]
        case .interrupted(let signal, let forced): return [RunWording.interrupted(signal: signal, forced: forced)]
        case .runFinished(let run): return RunWording.ending(run, tally)
        }
    }

    private var counter: String {
        let total = String(tally.total)
        return "[" + padded(String(tally.done), to: total.utf8.count, right: true) + "/\(total)] "
    }
}

/// Prints only failures: stages that failed after their last attempt, or are blocked by something other than a failure.
public struct QuietProgress: RunReporter {
    private var tally = RunTally()
    private var mostAttempts: [String: Int] = [:]
    /// Failures that may be retried, in order: printed at the end if they were not.
    private var held: [(stage: String, text: String)] = []

    public init() {}

    public mutating func receive(_ event: RunEvent) -> String {
        tally.note(event.kind)
        switch event.kind {
        case .stageStarted(let stage):
            mostAttempts[stage.stage] = stage.maxAttempts
            return ""
        case .stageFinished(let stage):
            let most = mostAttempts.removeValue(forKey: stage.stage) ?? 1
            guard ![.succeeded, .interrupted, .stopped].contains(stage.state) else { return "" }
            let text = ([RunWording.finished(stage)] + RunWording.logTail(stage)).joined(separator: "\n") + "\n"
            if stage.attempt >= most { return text }
            held.append((stage.stage, text))
            return ""
        case .stageRetrying(let stage, _, _, _):
            held.removeAll { $0.stage == stage }
            return ""
        case .stageDecided(let stage, let decision):
            guard decision.verdict == .blocked, !tally.isExplained(decision) else { return "" }
            return RunWording.blocked(stage, decision) + "\n"
        case .runStarted, .stageWaiting, .warning, .notice, .interrupted, .runFinished: return ""
        }
    }

    public mutating func close() -> String {
        defer { held = [] }
        return held.map(\.text).joined()
    }
}
