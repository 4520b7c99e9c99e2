// The verdicts on all selected stages before anything runs, in order, each from what the ones before it leave behind.
// Knows the graph; does not run anything.

import Model

/// What a run would do, as far as it can be known beforehand.
public struct Plan: Sendable {
    /// By stage; `notSelected` for those nobody asked for.
    public var decisions: [Decision]
    /// Inputs that are not there or cannot be read, by stage that is about to run.
    public var missingInputs: [StageIndex: [MissingInput]]

    /// Whether there is anything that a run would execute, or might.
    public var willOrMayRun: Bool { decisions.contains { $0.verdict == .run || $0.verdict == .mayRun } }
}

/// Which stages a run is about.
public struct Selection: Sendable {
    /// By stage: named, or needed by one that is named.
    public var isSelected: [Bool]
    /// By stage: runs even when fresh.
    public var isForced: [Bool]
    public init(isSelected: [Bool], isForced: [Bool]) {
        self.isSelected = isSelected
        self.isForced = isForced
    }
}

/// Judges every selected stage.
///
/// The promise, with *will* the stages judged `run` and *may* those judged `mayRun`: every one of *will* runs or is
/// blocked, and nothing outside *will* ∪ *may* runs.
///
/// - Parameter environment: the stage's variables as `recordedEnvironment` makes them.
public func plan(
    _ graph: Graph, selection: Selection, rule: StalenessRule<some RecordedState>, files: some FileFacts,
    history: some RecordedState, environment: (Stage) -> [EnvironmentVariable]
) throws(Failure) -> Plan {
    let notSelected = Decision(verdict: .notSelected, reasons: [Reason(.notSelected)])
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
        let decision = try rule.evaluate(stage, facts: facts, isForced: selection.isForced[index])
        result.decisions[index] = decision
        if decision.verdict == .run, !facts.missingInputs.isEmpty { result.missingInputs[index] = facts.missingInputs }
    }
    return result
}

/// What is known of a stage, given the verdicts on those before it. Once these are all settled, nothing is undecided.
public func gatherFacts(
    of index: StageIndex, in graph: Graph, decisions: [Decision], files: some FileFacts, history: some RecordedState,
    environment: [EnvironmentVariable]
) throws(Failure) -> StageFacts {
    let stage = graph.stages[index]
    var facts = StageFacts(inputs: [], outputs: [], environment: environment)
    facts.inputs.reserveCapacity(stage.inputs.count)
    facts.outputs.reserveCapacity(stage.outputs.count)
    // What cannot be digested (a fifo, a link to itself) is not what was made.
    for output in stage.outputs {
        facts.outputs.append((try? files.fingerprint(of: output.path, mode: output.mode)) ?? nil)
    }
    // A frozen stage's outputs are taken as they are: what it would read does not matter.
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

/// What is at an input now; of a pattern, at everything that it matches.
private func lookUp(_ input: Input, in files: some FileFacts) throws(Failure) -> [RecordedPath] {
    var result: [RecordedPath] = []
    for path in input.isGlob ? try files.matches(of: input.path) : [input.path] {
        guard let found = try files.fingerprint(of: path, mode: input.mode) else { continue }
        result.append(RecordedPath(name: input.name, path: path, fingerprint: found))
    }
    return result
}

/// What will be at an input once its producer's outputs are put back; nil where the input is not exactly one of them.
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
