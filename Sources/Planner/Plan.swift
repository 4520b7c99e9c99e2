// Evaluates all selected stages in order before anything runs, each with the expected results of its predecessors.
// Knows the graph; does not run anything.

import Model

/// What a run would do, as far as it is known in advance.
public struct Plan: Sendable {
    /// By stage; `notSelected` for those outside the selection.
    public var decisions: [Decision]
    /// Missing or unreadable inputs, by stage that would run.
    public var missingInputs: [StageIndex: [MissingInput]]

    /// Whether any stage will or may run.
    public var willOrMayRun: Bool { decisions.contains { $0.verdict == .run || $0.verdict == .mayRun } }
}

/// The stages that a run may execute.
public struct Selection: Sendable {
    /// By stage: whether it was named or a named stage depends on it.
    public var isSelected: [Bool]
    /// By stage: whether it runs even if fresh.
    public var isForced: [Bool]
    public init(isSelected: [Bool], isForced: [Bool]) {
        self.isSelected = isSelected
        self.isForced = isForced
    }
}

/// Evaluates every selected stage.
///
/// Guarantee: every stage with the verdict `run` runs or is blocked, and no stage without the verdict `run` or `mayRun`
/// runs.
///
/// - Parameter environment: returns the `recordedEnvironment` of a stage.
public func plan(
    _ graph: Graph, makers: MakerIndex, selection: Selection, rule: StalenessRule<some RecordedState>,
    files: some FileFacts, history: some RecordedState, environment: (Stage) -> [EnvironmentVariable]
) throws(Failure) -> Plan {
    let notSelected = Decision(verdict: .notSelected, reasons: [Reason(.notSelected)])
    let sets = DiscoveredSets(graph: graph, makers: makers, files: files, members: history.discovered)
    var result = Plan(decisions: Array(repeating: notSelected, count: graph.stages.count), missingInputs: [:])
    for index in graph.order where selection.isSelected[index] {
        let stage = graph.stages[index]
        if !stage.isFrozen,
            let blocker = graph.predecessors[index].first(where: { result.decisions[$0].verdict == .blocked })
        {
            result.decisions[index] = Decision(
                verdict: .blocked, reasons: [Reason(.blocked, subject: graph.stages[blocker].name)])
            continue
        }
        let facts = try gatherFacts(
            of: index, in: graph, decisions: result.decisions, files: files, history: history,
            environment: environment(stage))
        let decision = try rule.evaluate(stage, facts: facts, isForced: selection.isForced[index]) {
            set throws(Failure) in try sets.condition(of: set, for: index, result.decisions)
        }
        result.decisions[index] = decision
        if decision.verdict == .run, !facts.missingInputs.isEmpty { result.missingInputs[index] = facts.missingInputs }
    }
    return result
}

/// The facts about a stage, given the verdicts of its predecessors. Once these are all decided, no input is undecided.
public func gatherFacts(
    of index: StageIndex, in graph: Graph, decisions: [Decision], files: some FileFacts, history: some RecordedState,
    environment: [EnvironmentVariable]
) throws(Failure) -> StageFacts {
    let stage = graph.stages[index]
    var facts = StageFacts(inputs: [], outputs: [], environment: environment)
    facts.inputs.reserveCapacity(stage.inputs.count)
    facts.outputs.reserveCapacity(stage.outputs.count)
    // What cannot be digested (a FIFO, a link to itself) cannot be the recorded output.
    for output in stage.outputs {
        facts.outputs.append((try? files.fingerprint(of: output.path, scope: output.scope)) ?? nil)
    }
    // The outputs of a frozen stage are used as they are; its inputs do not matter.
    if stage.isFrozen { return facts }
    var restored = RestoredOutputs()
    for (position, input) in stage.inputs.enumerated() {
        let producers = graph.producers[index][position]
        if let producer = producers.first(where: { decisions[$0].verdict.leavesOutputsUndecided }) {
            facts.undecidedInputs.append(
                UndecidedInput(path: input.isGlob ? nil : input.path, producer: graph.stages[producer].name))
        } else if let producer = producers.first(where: { decisions[$0].verdict == .restored }) {
            let found = try restored.fingerprint(
                of: input, by: producer, graph.stages[producer], decisions[producer], files, history)
            if let found {
                facts.inputs.append(RecordedPath(name: input.name, path: input.path, fingerprint: found))
            } else {
                facts.undecidedInputs.append(
                    UndecidedInput(path: input.isGlob ? nil : input.path, producer: graph.stages[producer].name))
            }
        } else {
            do {
                let found = try lookUp(input, in: files)
                facts.inputs += found
                if found.isEmpty { facts.missingInputs.append(MissingInput(path: input.path)) }
            } catch {
                facts.missingInputs.append(MissingInput(path: input.path, problem: error.message))
            }
        }
    }
    return facts
}

/// What exists at an input now; for a pattern, at all matching paths.
private func lookUp(_ input: Input, in files: some FileFacts) throws(Failure) -> [RecordedPath] {
    var result: [RecordedPath] = []
    let scope = input.scope
    let paths = input.isGlob ? try files.matches(of: input.path, exclusions: input.exclusions) : [input.path]
    for path in paths {
        guard let found = try files.fingerprint(of: path, scope: scope) else { continue }
        result.append(RecordedPath(name: input.name, path: path, fingerprint: found))
    }
    return result
}

/// What the outputs of stages that will be restored are going to be. Each stage is looked up once.
private struct RestoredOutputs {
    private var outputs: [StageIndex: [String: (declared: Output, recorded: Fingerprint)]] = [:]

    /// The fingerprint of an input once its producer's outputs are restored; nil if the input is not exactly one of
    /// them, or if what can be read through it is not known yet.
    mutating func fingerprint(
        of input: Input, by producer: StageIndex, _ stage: Stage, _ decision: Decision, _ files: some FileFacts,
        _ history: some RecordedState
    ) throws(Failure) -> Fingerprint? {
        guard !input.isGlob, let key = decision.key, let id = decision.executionID else { return nil }
        if outputs[producer] == nil {
            let recorded = try history.succeeded(key: key).first { $0.id == id }?.outputs ?? []
            let fingerprints = Dictionary(
                recorded.map { ($0.path, $0.fingerprint) }, uniquingKeysWith: { first, _ in first })
            var known: [String: (declared: Output, recorded: Fingerprint)] = [:]
            for output in stage.outputs { known[output.path] = fingerprints[output.path].map { (output, $0) } }
            outputs[producer] = known
        }
        guard let (output, recorded) = outputs[producer]?[input.path], output.mode == input.mode else { return nil }
        if recorded.kind == .content { return recorded }
        // What can be read through a folder may be more than what was made.
        if try files.fingerprint(of: output.path, scope: output.scope) == recorded {
            return try files.fingerprint(of: input.path, scope: input.scope)
        }
        return history.kept(output, readAs: input, madeBy: id)
    }
}

extension Verdict {
    fileprivate var leavesOutputsUndecided: Bool { self == .run || self == .mayRun }
}
