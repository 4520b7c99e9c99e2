// Events of a scripted run.

import Model

func at(_ seconds: Double) -> Timestamp { Timestamp(microseconds: Int64(seconds * 1e6)) }

func event(_ seconds: Double, _ kind: RunEvent.Kind) -> RunEvent { RunEvent(at: at(seconds), kind: kind) }

func began(selected: Int, willRun: Int, expected: Double? = nil) -> RunEvent.Kind {
    .runStarted(
        RunStarted(
            runID: RunID(7), pipeline: "p", stagesTotal: selected, stagesSelected: selected, willRun: willRun, mayRun: 0,
            fresh: selected - willRun, expectedSeconds: expected))
}

func started(_ stage: String, _ id: Int64, attempt: Int = 1, reasons: [Reason] = [Reason(.neverRan)], expected: Double? = nil) -> RunEvent.Kind {
    .stageStarted(
        StageStarted(
            stage: stage, executionID: ExecutionID(id), attempt: attempt, maxAttempts: 3, reasons: reasons, command: "true",
            logPath: ".runs/logs/7/\(stage).1.log", expectedSeconds: expected, resources: ResourceRequest()))
}

func finished(_ stage: String, _ id: Int64, _ state: ExecutionState = .succeeded, seconds: Double, log: [String] = []) -> RunEvent.Kind {
    .stageFinished(
        StageFinished(
            stage: stage, executionID: ExecutionID(id), attempt: 1, state: state,
            exit: state == .succeeded ? .code(0) : .code(3), error: state == .succeeded ? nil : "exit code 3", note: nil,
            usage: Usage(wallSeconds: seconds, maxRSSBytes: 1_200_000_000), logPath: "l", logTail: log))
}

func ended(_ status: RunStatus, executed: Int = 0, fresh: Int = 0, restored: Int = 0, failed: Int = 0, blocked: Int = 0) -> RunEvent.Kind {
    var counts = RunCounts()
    counts.executed = executed
    counts.fresh = fresh
    counts.restored = restored
    counts.failed = failed
    counts.blocked = blocked
    return .runFinished(
        RunFinished(runID: RunID(7), pipeline: "p", status: status, counts: counts, wallSeconds: 12.34, failedStages: []))
}
