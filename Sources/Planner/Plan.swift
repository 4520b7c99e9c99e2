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
        facts.outputs.append((try? files.fingerprint(of: output.path, mode: output.mode)) ?? nil)
    }
    // The outputs of a frozen stage are used as they are; its inputs do not matter.
    if stage.isFrozen { return facts }
    for (position, input) in stage.inputs.enumerated() {
        let producers = graph.producers[index][position]
        if let producer = producers.first(where: { decisions[$0].verdict.leavesOutputsUndecided }) {
            facts.undecidedInputs.append(
                UndecidedInput(path: input.isGlob ? nil : input.path, producer: graph.stages[producer].name))
        } else if let producer = producers.first(where: { decisions[$0].verdict == .restored }) {
            if let restored = try restoredFingerprint(of: input, by: producer, in: graph, decisions, history) {
                facts.inputs.append(RecordedPath(name: input.name, path: input.path, fingerprint: restored))
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
    for path in input.isGlob ? try files.matches(of: input.path) : [input.path] {
        guard let found = try files.fingerprint(of: path, mode: input.mode) else { continue }
        result.append(RecordedPath(name: input.name, path: path, fingerprint: found))
    }
    return result
}

/// The fingerprint of an input once its producer's outputs are restored; nil if the input is not exactly one of them.
private func restoredFingerprint(
    of input: Input, by producer: StageIndex, in graph: Graph, _ decisions: [Decision], _ history: some RecordedState
) throws(Failure) -> Fingerprint? {
    guard !input.isGlob, let key = decisions[producer].key, let id = decisions[producer].executionID,
        graph.stages[producer].outputs.contains(where: { $0.path == input.path && $0.mode == input.mode })
    else { return nil }
    return try history.succeeded(key: key).first { $0.id == id }?.outputs.first { $0.path == input.path }?.fingerprint
}

extension Verdict {
    fileprivate var leavesOutputsUndecided: Bool { self == .run || self == .mayRun }
}
