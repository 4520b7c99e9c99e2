// Decides whether a stage is stale: facts and history in, a verdict with reasons out. Knows one stage at a time; does
// not know files, processes or the order of stages (see Plan.swift).
//
// Verifying traces over the whole history: A. Mokhov, N. Mitchell, S. Peyton Jones, "Build systems à la carte: theory
// and practice", JFP 30 (2020).

import Model

/// Evaluates one stage at a time.
public struct StalenessRule<State: RecordedState> {
    private let history: State
    /// Whether kept outputs may be restored instead of running the stage (not with `--no-restore`).
    private let mayRestore: Bool
    private let redaction: Redaction?

    /// - Parameter redaction: hides secrets in reasons.
    public init(history: State, mayRestore: Bool, redaction: Redaction? = nil) {
        self.history = history
        self.mayRestore = mayRestore
        self.redaction = redaction
    }

    /// What became of a set of discovered inputs.
    public typealias SetLookup = (DiscoveredSetID) throws(Failure) -> SetCondition

    /// The verdict on a stage. It is `mayRun` only while inputs are undecided.
    ///
    /// - Parameter condition: asked about the sets of past executions whose results may be used.
    public func evaluate(
        _ stage: Stage, facts: StageFacts, isForced: Bool, condition: SetLookup
    ) throws(Failure) -> Decision {
        if stage.isFrozen { return evaluateFrozen(stage, facts: facts) }
        let base = baseKey(of: stage, environment: facts.environment)
        let isKeyKnown = facts.undecidedInputs.isEmpty && facts.missingInputs.isEmpty
        if isForced || stage.isAlways {
            let wholeKey = isKeyKnown ? key(base: base, inputs: facts.inputs) : nil
            let reasons = (stage.isAlways ? [Reason(.always)] : []) + (isForced ? [Reason(.forced)] : [])
            return Decision(verdict: .run, reasons: reasons, key: wholeKey)
        }
        var match = try find(stage, facts: facts, base: base, condition)
        if case .nothing = match.reusable, facts.missingInputs.isEmpty, history.hasEarlierKeys,
            let earlier = earlierBaseKey(of: stage, environment: facts.environment)
        {
            match = try find(stage, facts: facts, base: earlier, condition)
        }
        switch match.reusable {
        case .inPlace(let id):
            return Decision(verdict: .fresh, reasons: [Reason(.fresh)], key: match.key, executionID: id)
        case .kept(let id):
            return Decision(verdict: .restored, reasons: [Reason(.restored)], key: match.key, executionID: id)
        case .perhaps(let makers):
            let producers = facts.undecidedInputs.map(\.producer) + makers
            return Decision(
                verdict: .mayRun, reasons: uniqued(producers).map { Reason(.upstreamMayChange, subject: $0) })
        case .nothing:
            let wholeKey = isKeyKnown ? key(base: base, inputs: facts.inputs) : nil
            let reasons = try explain(stage, facts: facts, key: wholeKey, condition)
            return Decision(verdict: .run, reasons: reasons, key: wholeKey)
        }
    }

    private enum Reusable {
        case inPlace(ExecutionID)
        case kept(ExecutionID)
        /// Depends on the results of earlier stages: those that make undecided inputs, and these.
        case perhaps(makersOfDiscovered: [String])
        case nothing
    }

    private func evaluateFrozen(_ stage: Stage, facts: StageFacts) -> Decision {
        for (output, found) in zip(stage.outputs, facts.outputs) where found == nil {
            return Decision(verdict: .blocked, reasons: [Reason(.outputMissing, subject: output.path)])
        }
        return Decision(verdict: .frozen, reasons: [Reason(.frozen)])
    }

    /// - Returns: what can be used instead of running the stage, and the whole key if it is known.
    private func find(
        _ stage: Stage, facts: StageFacts, base: Digest, _ condition: SetLookup
    ) throws(Failure) -> (reusable: Reusable, key: Digest?) {
        guard facts.missingInputs.isEmpty else { return (.nothing, nil) }
        guard facts.undecidedInputs.isEmpty else {
            return (try findPossible(stage, facts: facts, base: base, condition), nil)
        }
        let wholeKey = key(base: base, inputs: facts.inputs)
        return (try findReusable(stage, facts: facts, key: wholeKey, condition), wholeKey)
    }

    private func findReusable(
        _ stage: Stage, facts: StageFacts, key: Digest, _ condition: SetLookup
    ) throws(Failure) -> Reusable {
        if stage.outputs.isEmpty {
            // Without outputs on disk, only the newest execution counts.
            guard let newest = try history.newest(stage.name), newest.isReusable, newest.key == key else {
                return .nothing
            }
            return try first(of: [newest], condition, { _ in true }, { .inPlace($0) }) ?? .nothing
        }
        // Nearly always the answer, and needs no lookup by key.
        if let current = try history.current(stage.name), current.isReusable, current.key == key,
            isInPlace(current, stage, facts), try holds(current, condition)
        {
            return .inPlace(current.id)
        }
        let candidates = try history.succeeded(key: key).filter(\.isReusable)
        if let found = try first(of: candidates, condition, { isInPlace($0, stage, facts) }, { .inPlace($0) }) {
            return found
        }
        return try first(of: candidates, condition, { isRestorable($0, stage, facts) }, { .kept($0) }) ?? .nothing
    }

    /// The first execution that fits and read what is there now; unless there is one, whether that of a fitting one may
    /// yet be made.
    private func first(
        of candidates: [ExecutionRecord], _ condition: SetLookup, _ fits: (ExecutionRecord) -> Bool,
        _ use: (ExecutionID) -> Reusable
    ) throws(Failure) -> Reusable? {
        var perhaps: Reusable?
        for candidate in candidates where fits(candidate) {
            guard let set = candidate.discovered else { return use(candidate.id) }
            switch try condition(set) {
            case .holds: return use(candidate.id)
            case .undecided(let producers): perhaps = perhaps ?? .perhaps(makersOfDiscovered: producers)
            case .differs: continue
            }
        }
        return perhaps
    }

    private func holds(_ record: ExecutionRecord, _ condition: SetLookup) throws(Failure) -> Bool {
        guard let set = record.discovered else { return true }
        if case .holds = try condition(set) { return true }
        return false
    }

    /// Whether any past execution matches everything that is known so far.
    private func findPossible(
        _ stage: Stage, facts: StageFacts, base: Digest, _ condition: SetLookup
    ) throws(Failure) -> Reusable {
        let known = Dictionary(facts.inputs.map { ($0.path, $0.fingerprint) }, uniquingKeysWith: { first, _ in first })
        // An undecided pattern may match further paths.
        let paths: Set<String>? =
            facts.undecidedInputs.contains { $0.path == nil }
            ? nil : Set(known.keys).union(facts.undecidedInputs.compactMap(\.path))

        func agrees(_ candidate: ExecutionRecord) throws(Failure) -> Bool {
            guard candidate.isReusable, candidate.baseKey == base else { return false }
            if let set = candidate.discovered, case .differs = try condition(set) { return false }
            let recorded = try history.inputs(of: candidate.id)
            if let paths, paths != Set(recorded.map(\.path)) { return false }
            let then = Dictionary(recorded.map { ($0.path, $0.fingerprint) }, uniquingKeysWith: { first, _ in first })
            return known.allSatisfy { then[$0.key] == $0.value }
        }

        if stage.outputs.isEmpty {
            guard let newest = try history.newest(stage.name), try agrees(newest) else { return .nothing }
            return .perhaps(makersOfDiscovered: [])
        }
        for candidate in try history.succeeded(baseKey: base)
        where isInPlace(candidate, stage, facts) || isRestorable(candidate, stage, facts) {
            if try agrees(candidate) { return .perhaps(makersOfDiscovered: []) }
        }
        return .nothing
    }

    private func isInPlace(_ candidate: ExecutionRecord, _ stage: Stage, _ facts: StageFacts) -> Bool {
        isEveryOutput(of: candidate, stage, facts) { _, recorded, found in found == recorded.fingerprint }
    }

    private func isRestorable(_ candidate: ExecutionRecord, _ stage: Stage, _ facts: StageFacts) -> Bool {
        guard mayRestore else { return false }
        return isEveryOutput(of: candidate, stage, facts) { output, recorded, found in
            found == recorded.fingerprint || history.kept(output, madeBy: candidate.id) == recorded.fingerprint
        }
    }

    private func isEveryOutput(
        of candidate: ExecutionRecord, _ stage: Stage, _ facts: StageFacts,
        _ holds: (Output, RecordedPath, Fingerprint?) -> Bool
    ) -> Bool {
        guard candidate.outputs.count == stage.outputs.count else { return false }
        var recordedOutputs = RecordedPaths(candidate.outputs)
        for (output, found) in zip(stage.outputs, facts.outputs) {
            guard let recorded = recordedOutputs.at(output.path), holds(output, recorded, found) else { return false }
        }
        return true
    }

    /// Why the stage runs, compared with the execution that made its current outputs.
    private func explain(
        _ stage: Stage, facts: StageFacts, key: Digest?, _ condition: SetLookup
    ) throws(Failure) -> [Reason] {
        var reasons: [Reason] = []
        var reference: ExecutionRecord?
        if let newest = try history.newest(stage.name) {
            switch newest.state {
            // That another run is executing it now is not a reason.
            case .succeeded, .queued, .running: break
            case .failed, .timedOut, .outOfMemory: reasons.append(Reason(.lastFailed, new: newest.state.rawValue))
            case .interrupted, .lost, .stopped: reasons.append(Reason(.lastInterrupted, new: newest.state.rawValue))
            }
            reference = try history.current(stage.name)
            if reference == nil { reference = try history.newestSucceeded(stage.name) }
        } else if let maker = try makerOfOutputs(of: stage, facts) {
            reasons.append(Reason(.neverRan, subject: maker.stage))
            reference = maker
        }
        guard let reference else { return reasons.isEmpty ? [Reason(.neverRan)] : reasons }
        if reference.isRejected { reasons.append(Reason(.rejected, subject: "execution \(reference.id)")) }
        if reference.inputsChangedDuringRun { reasons.append(Reason(.inputChangedDuringRun)) }
        if let then = try history.details(of: reference.id) {
            reasons += shownDifferences(stage, facts, then, reference.outputs)
        }
        if let set = reference.discovered, case .differs(let found) = try condition(set) {
            let named = Set(reasons.compactMap(\.subject))
            reasons += found.filter { !named.contains($0.subject ?? "") }
        }
        if reasons.isEmpty || reference.key == key {
            reasons += outputDifferences(stage, facts: facts, then: reference.outputs)
        }
        // Older executions match, but none that the history offers for reuse.
        return reasons.isEmpty ? [Reason(.neverRan)] : reasons
    }

    /// For a stage that never ran, the execution of another stage that made what is at one of its outputs: it was
    /// renamed.
    private func makerOfOutputs(of stage: Stage, _ facts: StageFacts) throws(Failure) -> ExecutionRecord? {
        for (output, found) in zip(stage.outputs, facts.outputs) where found != nil {
            if let owner = try history.owner(ofPath: output.path), owner.state == .succeeded { return owner }
        }
        return nil
    }

    /// The differences, without secrets on either side.
    private func shownDifferences(
        _ stage: Stage, _ facts: StageFacts, _ then: ExecutionDetails, _ outputs: [RecordedPath]
    ) -> [Reason] {
        guard let redaction else { return differences(stage, facts: facts, then: then, thenOutputs: outputs) }
        var shown = facts
        shown.environment = redaction.environment(of: stage)
        return differences(
            redaction.shown(stage), facts: shown, then: redaction.details(then, comparedWith: shown.environment),
            thenOutputs: outputs)
    }
}

func uniqued(_ texts: [String]) -> [String] {
    var seen = Set<String>()
    return texts.filter { seen.insert($0).inserted }
}
