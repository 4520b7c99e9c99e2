// Executions that an earlier coordinator submitted to an engine that outlived it. They become this run's: their results
// are recorded as they come, and nothing is submitted again while they last.

import EngineAPI
import Model
import Workspace

/// What this run has adopted and is not over.
struct Adoption {
    /// What the engine needs to know of them.
    var references: [JobReference] = []
    /// Those of stages of this graph: the stage waits, and is evaluated again when they have ended.
    var byStage: [StageIndex: ExecutionID] = [:]
    /// Those whose stage this graph does not have: they are cancelled.
    var strangers: [ExecutionID: RunningExecution] = [:]
    /// The runs that they were submitted by.
    var firstRuns = Set<RunID>()

    var isOver: Bool { byStage.isEmpty && strangers.isEmpty }
    func isExecuting(_ stage: StageIndex) -> Bool { byStage[stage] != nil }
}

extension Run {
    /// Takes over the open executions of runs of this pipeline whose coordinator is gone. To be called in the
    /// transaction that writes this run's row.
    func adoptExecutions(at now: Timestamp) throws(Failure) {
        guard engine.outlivesCoordinator else { return }
        let places = Dictionary(
            graph.stages.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        for other in try store.runningRuns() where other.id < identity.run && other.pipeline == graph.pipeline {
            guard case .gone = condition(of: other, root: root) else { continue }
            let open = try store.runningExecutions(of: other.id).filter { $0.engine == engine.name }
            try store.takeOver(run: other.id, by: identity.run, adopting: open.map(\.id), at: now)
            RunLock.removeFile(root: root, run: other.id)
            for execution in open { try adopt(execution, from: other.id, place: places[execution.stage], at: now) }
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
            adoption.strangers[execution.id] = execution
            return
        }
        adoption.byStage[place] = execution.id
        let stage = graph.stages[place]
        let record = ExecutionRecord(
            id: execution.id, runID: first, stage: stage.name, state: execution.state, key: newest.key,
            baseKey: newest.baseKey, inputsChangedDuringRun: false, isRejected: false, outputs: [])
        running[execution.id] = RunningStage(
            stage: place, repetition: nil, attempt: execution.attempt, record: record, reasons: [],
            logPath: execution.logPath, token: execution.token, since: now, isAdopted: true,
            inputs: WatchedInputs(stage: stage, recorded: try store.inputs(of: execution.id)),
            tail: MetricsTail(path: "\(root)/\(RunFiles.metrics(of: first, execution.id))"), deviceHold: nil)
    }

    /// An adopted execution is over: its stage is evaluated, from what it left.
    func released(_ stage: StageIndex) -> [SchedulerAction] {
        adoption.byStage[stage] = nil
        return scheduler.handle(.due(stage))
    }

    /// Executions that no stage of this graph stands for are ended.
    func cancelStrangers() {
        let ids = adoption.strangers.keys.sorted()
        if !ids.isEmpty { engine.cancel(ids, graceSeconds: options.graceSeconds) }
    }

    func recordStranger(_ execution: RunningExecution, _ outcome: EngineOutcome) throws(Failure) -> [SchedulerAction] {
        try store.finish(
            ExecutionFinish(
                id: execution.id, state: .interrupted, exit: outcome.exit,
                error: "the pipeline no longer has this stage; the execution was cancelled", finishedAt: driver.now(),
                usage: outcome.usage))
        return []
    }
}
