// A reason, in words.

import Model

/// One short phrase: `param lr changed: 0.05 → 0.1`.
public func sentence(for reason: Reason) -> String {
    let subject = sanitized(shortened(reason.subject ?? "", to: 80))
    switch reason.code {
    case .neverRan: return "never ran"
    case .lastFailed: return "last attempt \(lastState(reason.new, else: "failed"))"
    case .lastInterrupted: return "last attempt was \(lastState(reason.new, else: "interrupted"))"
    case .rejected: return "its result was rejected"
    case .commandChanged: return subject.isEmpty ? "command changed" : "\(subject) changed: \(change(reason))"
    case .inputChanged: return "input \(subject) changed"
    case .inputAdded: return "input \(subject) is new"
    case .inputRemoved: return "input \(subject) is gone"
    case .paramChanged: return "param \(subject) changed: \(change(reason))"
    case .envChanged: return "variable \(subject) changed: \(change(reason))"
    case .outputMissing: return "output \(subject) is missing"
    case .outputModified: return "output \(subject) was changed by something else"
    case .outputsChanged: return reason.new == nil ? "output \(subject) is no longer declared" : "output \(subject) is declared now"
    case .inputChangedDuringRun: return "its inputs changed while it ran"
    case .upstreamMayChange: return "\(subject) may change what it reads"
    case .always: return "it always runs"
    case .forced: return "forced"
    case .fresh: return "fresh"
    case .frozen: return "frozen"
    case .restored: return "its earlier outputs are put back"
    case .blocked: return "blocked by \(subject)"
    case .notSelected: return "not selected"
    }
}

/// The reasons in one phrase; of many the first three.
func phrase(for reasons: [Reason]) -> String {
    let shown = reasons.prefix(3).map { sentence(for: $0) }.joined(separator: ", ")
    return reasons.count > 3 ? "\(shown) and \(reasons.count - 3) more" : shown
}

private func change(_ reason: Reason) -> String { "\(value(reason.old)) → \(value(reason.new))" }

private func value(_ text: String?) -> String { text.map { sanitized(shortened($0, to: 40)) } ?? "(none)" }

private func lastState(_ word: String?, else usual: String) -> String {
    switch word.flatMap(ExecutionState.init(rawValue:)) {
    case .timedOut: "timed out"
    case .outOfMemory: "ran out of memory"
    case .lost: "lost"
    case .running: "left running"
    case .failed: "failed"
    case .interrupted: "interrupted"
    case .succeeded, nil: usual
    }
}
