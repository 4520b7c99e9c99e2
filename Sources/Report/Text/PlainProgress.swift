// A run as plain lines, for logs and pipes: one line an event, stable wording, no colours. And the quiet form, of which
// only failures are left.
import Model

/// One line an event: `[ 4/10] train@dataset=iris: succeeded in 12.3s`. Fresh stages are counted, not listed; a run
/// that had nothing to do is one line.
public struct PlainProgress: RunReporter {
    private var tally = RunTally()
    /// Held back until something happens.
    private var beginning: String?

    public init() {}

    public mutating func receive(_ event: RunEvent) -> String {
        tally.note(event.kind)
        let lines = lines(for: event.kind)
        guard !lines.isEmpty else { return "" }
        var text = ""
        var waits = false
        if case .stageWaiting = event.kind { waits = true }
        if let beginning, tally.hasExecuted || waits {
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
        case .interrupted(let signal, let forced): return [RunWording.interrupted(signal: signal, forced: forced)]
        case .runFinished(let run): return RunWording.ending(run, tally)
        }
    }

    private var counter: String {
        let total = String(tally.total)
        return "[" + padded(String(tally.done), to: total.utf8.count, right: true) + "/\(total)] "
    }
}

/// Nothing but failures: the block of each stage that failed for good or is blocked by something else than a failure.
public struct QuietProgress: RunReporter {
    private var tally = RunTally()
    private var mostAttempts: [String: Int] = [:]
    /// Failures that may be tried again: told when the run ends and they were not. In the order in which they came.
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
        case .runStarted, .stageWaiting, .warning, .interrupted, .runFinished: return ""
        }
    }

    public mutating func close() -> String {
        defer { held = [] }
        return held.map(\.text).joined()
    }
}
