// Where the stages of a run stand, and what will be recorded of them at its end. Values only: no store, no files.

import Glibc
import Model
import Planner

/// A stage on its way to a process: the verdict, and the facts that it was evaluated from.
struct EvaluatedStage {
    let decision: Decision
    let facts: StageFacts
    let readyAt: Timestamp
    /// The turn of the loop in which the files were looked at.
    let turn: Int
}

struct RunState {
    /// By stage: the verdict that later stages are evaluated from. A stage that ran counts as fresh from then on.
    var decisions: [Decision]
    /// By stage: this run has still to deal with it, or had when it began.
    private(set) var isOpen: [Bool]
    /// Stages that were evaluated and wait for resources, a process or a retry.
    var evaluated: [StageIndex: EvaluatedStage] = [:]
    /// Stages whose decision is recorded: a further attempt has the reasons of the first.
    private var recorded = Set<StageIndex>()
    /// Stages that were not executed and are just fresh (with the execution whose outputs are used) or not selected
    /// (without).
    private(set) var unexecuted: [(stage: String, template: String, execution: ExecutionID?)] = []
    /// The strings of stages from here on are not interned in the store yet.
    var internedBefore: StageIndex = 0
    var counts = RunCounts()
    /// The metrics file of a fresh stage could not be read.
    var hasUnreadMetrics = false
    private(set) var failedStages: [String] = []

    /// Open are the stages that will or may run, and fresh ones that come after such a stage: they wait for it, and it
    /// may block them.
    init(graph: Graph, decisions: [Decision]) {
        self.decisions = decisions
        isOpen = Array(repeating: false, count: decisions.count)
        for index in graph.order {
            switch decisions[index].verdict {
            case .run, .mayRun, .restored: isOpen[index] = true
            case .fresh: isOpen[index] = graph.predecessors[index].contains { isOpen[$0] }
            case .frozen, .blocked, .notSelected: break
            }
        }
    }

    /// Opens the fresh stages that open ones rely on, because another run may have changed, or be about to change, what
    /// the plan found.
    mutating func reopenFreshStages(of graph: Graph) {
        for index in graph.order.reversed() where isOpen[index] {
            for before in graph.predecessors[index] where decisions[before].verdict == .fresh { isOpen[before] = true }
        }
    }

    /// - Returns: false where the stage's decision was recorded before.
    mutating func markRecorded(_ index: StageIndex) -> Bool { recorded.insert(index).inserted }

    mutating func foundFresh(_ stage: Stage, _ execution: ExecutionID?) {
        counts.fresh += 1
        unexecuted.append((stage.name, stage.template, execution))
    }

    mutating func foundNotSelected(_ stage: Stage) {
        counts.notSelected += 1
        unexecuted.append((stage.name, stage.template, nil))
    }

    mutating func failed(_ stage: Stage) {
        counts.failed += 1
        failedStages.append(stage.name)
    }

    /// Stages by the plan's verdict.
    var plannedTally: (run: Int, may: Int, fresh: Int, selected: Int) {
        var tally = (run: 0, may: 0, fresh: 0, selected: 0)
        for (index, decision) in decisions.enumerated() {
            switch decision.verdict {
            case .run: tally.run += 1
            case .mayRun: tally.may += 1
            case .fresh where !isOpen[index], .frozen: tally.fresh += 1
            case .fresh, .restored, .blocked, .notSelected: break
            }
            if decision.verdict != .notSelected { tally.selected += 1 }
        }
        return tally
    }
}

/// Repeated executions of stages (`--repeat`).
struct Repetitions {
    /// How often the forced stages are executed; nil: once, and not marked as repeats.
    private let count: Int?
    private let isForced: [Bool]
    /// By stage, those that succeeded.
    private var done: [StageIndex: Int] = [:]
    private var executions = Set<ExecutionID>()

    init(count: Int?, isForced: [Bool]) {
        self.count = count
        self.isForced = isForced
    }

    /// Which repetition of the stage comes next; nil where it is executed once.
    func next(of index: StageIndex) -> Repetition? {
        guard let count, isForced[index] else { return nil }
        return Repetition(number: (done[index] ?? 0) + 1, of: count)
    }

    mutating func started(_ execution: ExecutionID) { executions.insert(execution) }
    mutating func succeeded(_ repetition: Repetition, of index: StageIndex) { done[index] = repetition.number }

    /// Whether the execution is one of several in this run.
    func contains(_ execution: ExecutionID) -> Bool { executions.contains(execution) }
}

/// What signals asked for.
struct Interruption {
    /// The first one.
    private(set) var signal: Int32?
    /// When outputs that are still being digested are given up.
    private(set) var stopReadingAt: Timestamp?
    /// This program ends; what it has submitted goes on.
    private(set) var isDetachment = false

    /// - Parameter canDetach: whether executions can go on after a HUP.
    /// - Returns: whether everything is to end at once: after a second signal, or QUIT (Ctrl-\).
    mutating func receive(
        _ newSignal: Int32, at now: Timestamp, graceSeconds: Double, canDetach: Bool
    ) -> Bool {
        let isForced = signal != nil || newSignal == SIGQUIT
        isDetachment = signal == nil && newSignal == SIGHUP && canDetach
        if signal == nil { signal = newSignal }
        stopReadingAt = now.adding(seconds: isForced ? 0 : graceSeconds)
        return isForced
    }
}
