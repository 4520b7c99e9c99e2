// Scripted runs: events with times in seconds from the start.
import Model
import Report

let start = Timestamp(microseconds: 1_763_973_013_000_042)

func time(_ seconds: Double) -> Timestamp { Timestamp(microseconds: start.microseconds + Int64(seconds * 1e6)) }

func event(_ seconds: Double, _ kind: RunEvent.Kind) -> RunEvent { RunEvent(at: time(seconds), kind: kind) }

func runStarted(
    selected: Int = 10, willRun: Int = 4, mayRun: Int = 0, fresh: Int = 6, expected: Double? = nil
) -> RunEvent {
    event(
        0,
        .runStarted(
            RunStarted(
                runID: RunID(7), pipeline: "tabular", stagesTotal: selected, stagesSelected: selected, willRun: willRun,
                mayRun: mayRun, fresh: fresh, expectedSeconds: expected)))
}

func stageStarted(
    _ seconds: Double, _ stage: String, id: Int64 = 1, attempt: Int = 1, of maxAttempts: Int = 1,
    reasons: [Reason] = [Reason(.neverRan)], expected: Double? = nil, gpus: Quantity? = nil
) -> RunEvent {
    event(
        seconds,
        .stageStarted(
            StageStarted(
                stage: stage, executionID: ExecutionID(id), attempt: attempt, maxAttempts: maxAttempts,
                reasons: reasons,
                command: "python3 train.py", logPath: ".runs/logs/7/\(stage).\(attempt).log", expectedSeconds: expected,
                resources: ResourceRequest(gpus: gpus))))
}

func stageFinished(
    _ seconds: Double, _ stage: String, id: Int64 = 1, attempt: Int = 1, wall: Double,
    state: ExecutionState = .succeeded,
    exit: Exit? = .code(0), error: String? = nil, note: String? = nil, tail: [String] = []
) -> RunEvent {
    event(
        seconds,
        .stageFinished(
            StageFinished(
                stage: stage, executionID: ExecutionID(id), attempt: attempt, state: state, exit: exit, error: error,
                note: note, usage: Usage(wallSeconds: wall), logPath: ".runs/logs/7/\(stage).\(attempt).log",
                logTail: tail)))
}

func stageFailed(_ seconds: Double, _ stage: String, id: Int64 = 1, attempt: Int = 1, tail: [String] = []) -> RunEvent {
    stageFinished(
        seconds, stage, id: id, attempt: attempt, wall: 0.2, state: .failed, exit: .code(3), error: "exit code 3",
        tail: tail)
}

func decided(_ seconds: Double, _ stage: String, _ verdict: Verdict, _ reason: Reason) -> RunEvent {
    event(seconds, .stageDecided(stage: stage, decision: Decision(verdict: verdict, reasons: [reason])))
}

func runFinished(
    _ seconds: Double, _ status: RunStatus, fresh: Int = 0, restored: Int = 0, failed: [String] = [], blocked: Int = 0
) -> RunEvent {
    var counts = RunCounts()
    counts.fresh = fresh
    counts.restored = restored
    counts.failed = failed.count
    counts.blocked = blocked
    return event(
        seconds,
        .runFinished(
            RunFinished(
                runID: RunID(7), pipeline: "tabular", status: status, counts: counts, wallSeconds: seconds,
                failedStages: failed)))
}

func transcript(_ reporter: some RunReporter, _ events: [RunEvent]) -> String {
    var reporter = reporter
    return events.map { reporter.receive($0) }.joined() + reporter.close()
}
