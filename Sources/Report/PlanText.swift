// What `--dry-run` prints: the verdicts of a plan, before anything runs.

import Model

/// Stages listed one by one before the rest is only counted.
private let mostListed = 200

/// The stages that will or may run, or are blocked, each with its reasons; the others are counted.
public func planText(pipeline: String, decisions: [(stage: String, decision: Decision)]) -> String {
    let words: [(verdict: Verdict, word: String)] = [
        (.run, "will run"), (.mayRun, "may run"), (.restored, "put back"), (.blocked, "blocked"),
    ]
    let listed = decisions.filter { entry in words.contains { $0.verdict == entry.decision.verdict } }
    var text = ""
    for (stage, decision) in listed.prefix(mostListed) {
        let word = words.first { $0.verdict == decision.verdict }?.word ?? ""
        let why = decision.verdict == .restored ? "" : ": \(phrase(for: decision.reasons))"
        text += "\(padded(word, toWidth: 8))  \(sanitized(stage))\(why)\n"
    }
    if listed.count > mostListed { text += "… and \(listed.count - mostListed) more\n" }
    func count(_ verdict: Verdict) -> Int { decisions.count { $0.decision.verdict == verdict } }
    let counts = words.map { (count($0.verdict), $0.word) } + [(count(.fresh), "fresh"), (count(.frozen), "frozen")]
    let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return text + "\(sanitized(pipeline)): \(parts.isEmpty ? "no stages" : parts.joined(separator: ", "))\n"
}

/// One `stage_decided` object a stage, as in docs/events.md but without a time.
public func planJSONLines(_ decisions: [(stage: String, decision: Decision)]) -> String {
    decisions.map { stage, decision in
        guard case .object(let members) = decided(stage, decision) else { return "" }
        return JSONValue.object([JSONValue.Member(name: "event", value: .string("stage_decided"))] + members).text + "\n"
    }.joined()
}
