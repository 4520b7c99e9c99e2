// A reason as a phrase. Knows the wording of every reason code; does not know how the reason was found.
import Model

/// One short phrase: `param lr changed: 0.05 → 0.1`. Safe for a terminal, long names and values cut in the middle.
public func sentence(for reason: Reason) -> String {
    let subject = reason.subject.map { cutInMiddle(sanitized($0), to: 60) }
    func about(_ noun: String, _ rest: String) -> String {
        [noun, subject, rest].compactMap(\.self).joined(separator: " ")
    }
    switch reason.code {
    case .neverRan: return subject.map { "never ran; stage '\($0)' made its outputs" } ?? "never ran"
    case .lastFailed:
        switch reason.new {
        case ExecutionState.timedOut.rawValue: return "last attempt timed out"
        case ExecutionState.outOfMemory.rawValue: return "last attempt ran out of memory"
        default: return "last attempt failed"
        }
    case .lastInterrupted:
        switch reason.new {
        case ExecutionState.lost.rawValue: return "last attempt was lost"
        case ExecutionState.stopped.rawValue: return "last attempt was stopped"
        default: return "last attempt was interrupted"
        }
    case .rejected: return "\(subject ?? "its result") was rejected"
    // The command itself is too long for a phrase; its working directory, named as the subject, is not.
    case .commandChanged: return subject.map { "\($0) changed" + change(reason) } ?? "command changed"
    case .inputChanged: return about("input", "changed") + change(reason, opening: " (", closing: ")")
    case .inputAdded: return about("input", "was added")
    case .inputRemoved: return about("input", "was removed")
    case .paramChanged: return about("param", "changed") + change(reason)
    case .envChanged: return about("env", "changed") + change(reason)
    case .outputMissing: return about("output", "is missing")
    case .outputModified: return about("output", "was modified") + change(reason, opening: " (", closing: ")")
    case .outputsChanged:
        guard subject != nil else { return "the declared outputs changed" }
        return about("output", reason.new == nil ? "is no longer declared" : "is newly declared")
    case .inputChangedDuringRun:
        return subject == nil ? "an input changed while it ran" : about("input", "changed while it ran")
    case .inputUnordered:
        let maker = reason.new.map { "stage '\(sanitized($0))'" } ?? "another stage"
        return "reads \(subject ?? "a file"), which \(maker) makes: name it as an input"
    case .upstreamMayChange: return subject.map { "stage \($0) may change it" } ?? "an upstream stage may change it"
    case .always: return "always runs"
    case .accepted: return "outputs were accepted"
    case .forced: return "forced"
    case .fresh: return "fresh"
    case .frozen: return "frozen"
    case .restored: return "restored"
    // May be a whole sentence that ends with what to do.
    case .blocked: return reason.subject.map { "blocked by " + cutInMiddle(sanitized($0), to: 400) } ?? "blocked"
    case .notSelected: return "not selected"
    }
}

/// The first reason's phrase and the number of others: `command changed, and 2 more`. Empty for none.
public func sentence(for reasons: [Reason]) -> String {
    guard let first = reasons.first else { return "" }
    return sentence(for: first) + (reasons.count == 1 ? "" : ", and \(reasons.count - 1) more")
}

/// `old → new`, if the shortened values differ.
private func change(_ reason: Reason, opening: String = ": ", closing: String = "") -> String {
    for digits in [4, 12] {
        let old = shortened(reason.old, digits: digits)
        let new = shortened(reason.new, digits: digits)
        if old != new { return "\(opening)\(old) → \(new)\(closing)" }
    }
    return ""
}

/// The first digits of a digest, any other value truncated in the middle; nil as `unset`.
private func shortened(_ value: String?, digits: Int) -> String {
    guard let value else { return "unset" }
    if Digest(hex: value) != nil { return value.prefix(digits) + "…" }
    return cutInMiddle(sanitized(value), to: 32)
}
