// Watching a run as a program does: one JSON object an event. Every field is documented in docs/events.md.

import Model

public struct JSONLinesProgress: RunReporter {
    public init() {}

    public mutating func receive(_ event: RunEvent) -> String {
        let (name, fields) = described(event.kind)
        let head = [
            JSONValue.Member(name: "event", value: .string(name)), JSONValue.Member(name: "at", value: .string(event.at.iso8601)),
        ]
        guard case .object(let members) = fields else { return "" }
        return JSONValue.object(head + members).text + "\n"
    }

    private func described(_ kind: RunEvent.Kind) -> (name: String, fields: JSONValue) {
        switch kind {
        case .runStarted(let run):
            return (
                "run_started",
                .object([
                    "run_id": .integer(run.runID.value), "pipeline": .string(run.pipeline),
                    "stages_total": .integer(run.stagesTotal), "stages_selected": .integer(run.stagesSelected),
                    "will_run": .integer(run.willRun), "may_run": .integer(run.mayRun), "fresh": .integer(run.fresh),
                    "expected_seconds": run.expectedSeconds.map(JSONValue.double),
                ])
            )
        case .stageDecided(let stage, let decision): return ("stage_decided", decided(stage, decision))
        case .stageStarted(let started):
            return (
                "stage_started",
                .object([
                    "stage": .string(started.stage), "execution_id": .integer(started.executionID.value),
                    "attempt": .integer(started.attempt), "max_attempts": .integer(started.maxAttempts),
                    "reasons": reasons(started.reasons), "command": .string(started.command),
                    "log_path": .string(started.logPath),
                    "expected_seconds": started.expectedSeconds.map(JSONValue.double),
                    "cpus": .double(started.resources.cpus.value),
                    "gpus": started.resources.gpus.map { .double($0.value) },
                    "memory_bytes": started.resources.memoryBytes.map { .integer($0) },
                ])
            )
        case .stageFinished(let finished): return ("stage_finished", ended(finished))
        case .stageRetrying(let stage, let next, let most, let delay):
            return (
                "stage_retrying",
                .object([
                    "stage": .string(stage), "next_attempt": .integer(next), "max_attempts": .integer(most),
                    "delay_seconds": .double(delay),
                ])
            )
        case .stageWaiting(let stage, let run, let why):
            return (
                "stage_waiting",
                .object(["stage": .string(stage), "for_run_id": .integer(run.value), "why": .string(why)])
            )
        case .warning(let text): return ("warning", .object(["message": .string(text)]))
        case .interrupted(let signal, let forced):
            return ("interrupted", .object(["signal": .integer(signal), "forced": .bool(forced)]))
        case .runFinished(let run): return ("run_finished", ended(run))
        }
    }

    private func ended(_ finished: StageFinished) -> JSONValue {
        var exitCode: JSONValue?
        var signal: JSONValue?
        switch finished.exit {
        case .code(let code): exitCode = .integer(code)
        case .signal(let number): signal = .integer(number)
        case .notStarted, nil: break
        }
        let usage = finished.usage
        return .object([
            "stage": .string(finished.stage), "execution_id": .integer(finished.executionID.value),
            "attempt": .integer(finished.attempt), "state": .string(finished.state.rawValue), "exit_code": exitCode,
            "signal": signal, "error": finished.error.map { .string($0) }, "note": finished.note.map { .string($0) },
            "wall_seconds": .double(usage.wallSeconds), "user_cpu_seconds": usage.userCPUSeconds.map(JSONValue.double),
            "system_cpu_seconds": usage.systemCPUSeconds.map(JSONValue.double),
            "max_rss_bytes": usage.maxRSSBytes.map { .integer($0) }, "read_bytes": usage.readBytes.map { .integer($0) },
            "write_bytes": usage.writeBytes.map { .integer($0) }, "log_path": .string(finished.logPath),
            "log_tail": finished.logTail.isEmpty ? nil : .array(finished.logTail.map { .string($0) }),
        ])
    }

    private func ended(_ run: RunFinished) -> JSONValue {
        .object([
            "run_id": .integer(run.runID.value), "pipeline": .string(run.pipeline), "status": .string(run.status.rawValue),
            "executed": .integer(run.counts.executed), "fresh": .integer(run.counts.fresh),
            "restored": .integer(run.counts.restored), "failed": .integer(run.counts.failed),
            "blocked": .integer(run.counts.blocked), "not_selected": .integer(run.counts.notSelected),
            "wall_seconds": .double(run.wallSeconds), "failed_stages": .array(run.failedStages.map { .string($0) }),
        ])
    }
}

func decided(_ stage: String, _ decision: Decision) -> JSONValue {
    .object([
        "stage": .string(stage), "verdict": .string(decision.verdict.rawValue), "reasons": reasons(decision.reasons),
        "execution_id": decision.executionID.map { .integer($0.value) },
    ])
}

private func reasons(_ reasons: [Reason]) -> JSONValue {
    .array(
        reasons.map { reason in
            .object([
                "code": .string(reason.code.rawValue), "subject": reason.subject.map { .string($0) },
                "old": reason.old.map { .string($0) }, "new": reason.new.map { .string($0) },
            ])
        })
}
