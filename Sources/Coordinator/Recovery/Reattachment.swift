// Executions that an earlier coordinator submitted to an engine that outlived it. They become this run's: their results
// are recorded as they come, and nothing is submitted again while they last.

import EngineAPI
import Model
import Workspace

/// What this run has adopted and has not seen the end of.
struct Adoption {
    /// Adopted executions that the engine does not know of yet.
    var references: [JobReference] = []
    /// Those of stages of this graph: the stage waits, and is evaluated again when they have ended.
    var byStage: [StageIndex: ExecutionID] = [:]
    /// Those whose stage this graph does not have: they are cancelled.
    var withoutStage: [ExecutionID: RunningExecution] = [:]
    /// Stages that wait for one of them.
    var waiting = Set<StageIndex>()
    /// The runs that submitted them.
    var firstRuns = Set<RunID>()
    /// For the user.
    var sentences: [String] = []

    var isOver: Bool { byStage.isEmpty && withoutStage.isEmpty }
    func isExecuting(_ stage: StageIndex) -> Bool { byStage[stage] != nil }
    /// Whether the stage, or one that it reads from, is executed. Nearly always there is nothing to look up.
    func holds(_ stage: StageIndex, of graph: Graph) -> Bool {
        !byStage.isEmpty && (isExecuting(stage) || graph.predecessors[stage].contains(where: isExecuting))
    }
}

extension Run {
    /// Takes over the open executions of runs of this pipeline whose coordinator is gone. To be called in the
    /// transaction that writes this run's row.
    func adoptExecutions(at now: Timestamp) throws(Failure) {
        guard engine.outlivesCoordinator else { return }
        for other in try store.runningRuns() where other.id < identity.run {
            guard case .gone = condition(of: other, root: root) else { continue }
            _ = try adoptExecutions(of: other, at: now)
        }
    }

    /// - Returns: false where the run has nothing that this one could adopt.
    func adoptExecutions(of other: RunningRun, at now: Timestamp) throws(Failure) -> Bool {
        guard engine.outlivesCoordinator, other.pipeline == graph.pipeline else { return false }
        return try store.inTransaction { () throws(Failure) in
            let open = try store.runningExecutions(of: other.id).filter { $0.engine == engine.name }
            if open.isEmpty { return false }
            try store.takeOver(run: other.id, by: identity.run, adopting: open.map(\.id), at: now)
            RunLock.removeFile(root: root, run: other.id)
            // What the earlier coordinator has recorded since this one planned.
            try history.refresh()
            let places = Dictionary(
                graph.stages.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
            for execution in open { try adopt(execution, from: other.id, place: places[execution.stage], at: now) }
            let count = "\(open.count) execution\(open.count == 1 ? "" : "s")"
            adoption.sentences.append("took over \(count) of run \(other.id), whose program is gone")
            return true
        }
    }

    private func adopt(
        _ execution: RunningExecution, from other: RunID, place: StageIndex?, at now: Timestamp
    ) throws(Failure) {
        let first = execution.firstRunID ?? other
        adoption.firstRuns.insert(first)
        adoption.references.append(
            JobReference(executionID: execution.id, token: execution.token, job: execution.engineJobID))
        // The open execution of a stage is its newest one.
        guard let place, let newest = history.newest(execution.stage), newest.id == execution.id else {
            adoption.withoutStage[execution.id] = execution
            return
        }
        adoption.byStage[place] = execution.id
        scheduler.adopt(place)
        let stage = graph.stages[place]
        running[execution.id] = RunningStage(
            stage: place, repetition: nil, attempt: execution.attempt, record: newest, filesOf: first, reasons: [],
            logPath: execution.logPath, token: execution.token, request: stage.resources, since: now, isAdopted: true,
            inputs: WatchedInputs(stage: stage, recorded: try store.inputs(of: execution.id)),
            tail: MetricsTail(path: "\(root)/\(RunFiles.metrics(of: first, execution.id))"), deviceHold: nil)
    }

    /// Has the engine report what it knows of executions that were adopted, and cancel those without a stage.
    func reattach() {
        if adoption.references.isEmpty { return }
        engine.reattach(adoption.references)
        adoption.references = []
        let ids = adoption.withoutStage.keys.sorted()
        if !ids.isEmpty { engine.cancel(ids, graceSeconds: options.graceSeconds) }
    }

    /// An adopted execution is over: its stage, and those that wait for its outputs, are evaluated.
    func released(_ stage: StageIndex) -> [SchedulerAction] {
        adoption.byStage[stage] = nil
        scheduler.release(stage)
        if !state.isOpen[stage] { claim(.released, stage) }
        let due = ([stage] + graph.successors[stage]).filter { adoption.waiting.remove($0) != nil }
        return due.flatMap { scheduler.handle(.due($0)) }
    }

    func recordCancelled(_ execution: RunningExecution, _ outcome: EngineOutcome) throws(Failure) -> [SchedulerAction] {
        try store.finish(
            ExecutionFinish(
                id: execution.id, state: .interrupted, exit: outcome.exit,
                error: "the pipeline no longer has this stage; the execution was cancelled", finishedAt: driver.now(),
                usage: outcome.usage))
        return []
    }
}
