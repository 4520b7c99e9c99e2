// A run as JSON lines, for programs. Knows the fields of every event, as documented in docs/events.md; does not know
// where they are written.
import Model

/// One JSON object per event and line, as documented in docs/events.md. An event has all fields of its kind; unknown
/// values are `null`.
public struct JSONLinesProgress: RunReporter {
    public init() {}

    public mutating func receive(_ event: RunEvent) -> String {
        let (name, fields) = Self.fields(of: event.kind)
        let head: [(String, JSONValue)] = [("event", .string(name)), ("at", .string(event.at.iso8601))]
        return object(head + fields).text + "\n"
    }

    private static func fields(of kind: RunEvent.Kind) -> (name: String, fields: [(String, JSONValue)]) {
        switch kind {
        case .runStarted(let run):
            return (
                "run_started",
                [
                    ("run_id", .integer(run.runID.value)), ("pipeline", .string(run.pipeline)),
                    ("stages_total", .integer(run.stagesTotal)), ("stages_selected", .integer(run.stagesSelected)),
                    ("will_run", .integer(run.willRun)), ("may_run", .integer(run.mayRun)),
                    ("fresh", .integer(run.fresh)),
                    ("expected_seconds", optional(run.expectedSeconds, JSONValue.double)),
                ]
            )
        case .stageDecided(let stage, let decision):
            return ("stage_decided", decided(stage, decision))
        case .stageStarted(let stage):
            return (
                "stage_started",
                [
                    ("stage", .string(stage.stage)), ("execution_id", .integer(stage.executionID.value)),
                    ("repetition", optional(stage.repetition?.number, JSONValue.integer)),
                    ("attempt", .integer(stage.attempt)), ("max_attempts", .integer(stage.maxAttempts)),
                    ("reasons", reasons(stage.reasons)), ("command", .string(stage.command)),
                    ("log_path", .string(stage.logPath)),
                    ("expected_seconds", optional(stage.expectedSeconds, JSONValue.double)),
                    ("resources", resources(stage.resources)),
                ]
            )
        case .stageFinished(let stage): return ("stage_finished", finished(stage))
        case .stageRetrying(let stage, let next, let most, let delay):
            return (
                "stage_retrying",
                [
                    ("stage", .string(stage)), ("next_attempt", .integer(next)), ("max_attempts", .integer(most)),
                    ("delay_seconds", .double(delay)),
                ]
            )
        case .stageWaiting(let stage, let run, let why):
            return (
                "stage_waiting",
                [
                    ("stage", .string(stage)), ("for_run_id", optional(run) { .integer($0.value) }),
                    ("why", .string(why)),
                ]
            )
        case .warning(let message): return ("warning", [("message", .string(message))])
        case .notice(let message): return ("notice", [("message", .string(message))])
        case .interrupted(let signal, let forced):
            return (
                "interrupted",
                [
                    ("signal", .integer(signal)), ("signal_name", .string(signalName(signal))),
                    ("forced", .bool(forced)),
                ]
            )
        case .runFinished(let run):
            return (
                "run_finished",
                [
                    ("run_id", .integer(run.runID.value)), ("pipeline", .string(run.pipeline)),
                    ("status", .string(run.status.rawValue)), ("stages_executed", .integer(run.counts.executed)),
                    ("stages_fresh", .integer(run.counts.fresh)), ("stages_restored", .integer(run.counts.restored)),
                    ("stages_failed", .integer(run.counts.failed)), ("stages_blocked", .integer(run.counts.blocked)),
                    ("stages_not_selected", .integer(run.counts.notSelected)),
                    ("wall_seconds", .double(run.wallSeconds)),
                    ("failed_stages", .array(run.failedStages.map(JSONValue.string))),
                ]
            )
        }
    }

    fileprivate static func decided(_ stage: String, _ decision: Decision) -> [(String, JSONValue)] {
        [
            ("stage", .string(stage)), ("verdict", .string(decision.verdict.rawValue)),
            ("reasons", reasons(decision.reasons)), ("key", optional(decision.key) { .string($0.hex) }),
            ("execution_id", optional(decision.executionID) { .integer($0.value) }),
        ]
    }

    private static func finished(_ stage: StageFinished) -> [(String, JSONValue)] {
        var exitCode: Int32?
        var signal: Int32?
        switch stage.exit {
        case .code(let code): exitCode = code
        case .signal(let number): signal = number
        case .notStarted, nil: break
        }
        let usage = stage.usage
        return [
            ("stage", .string(stage.stage)), ("execution_id", .integer(stage.executionID.value)),
            ("repetition", optional(stage.repetition?.number, JSONValue.integer)),
            ("attempt", .integer(stage.attempt)), ("state", .string(stage.state.rawValue)),
            ("exit_code", optional(exitCode, JSONValue.integer)), ("signal", optional(signal, JSONValue.integer)),
            ("error", optional(stage.error, JSONValue.string)), ("note", optional(stage.note, JSONValue.string)),
            ("wall_seconds", .double(usage.wallSeconds)),
            ("user_cpu_seconds", optional(usage.userCPUSeconds, JSONValue.double)),
            ("system_cpu_seconds", optional(usage.systemCPUSeconds, JSONValue.double)),
            ("max_rss_bytes", optional(usage.maxRSSBytes, JSONValue.integer)),
            ("read_bytes", optional(usage.readBytes, JSONValue.integer)),
            ("write_bytes", optional(usage.writeBytes, JSONValue.integer)),
            ("gpu_peak_bytes", optional(usage.gpuPeakBytes, JSONValue.integer)),
            ("gpu_peak_source", optional(usage.gpuPeakSource?.rawValue, JSONValue.string)),
            ("gpu_mean_utilization", optional(usage.gpuMeanUtilization, JSONValue.double)),
            ("log_path", .string(stage.logPath)), ("log_tail", .array(stage.logTail.map(JSONValue.string))),
        ]
    }

    private static func reasons(_ reasons: [Reason]) -> JSONValue {
        .array(
            reasons.map { reason in
                object([
                    ("code", .string(reason.code.rawValue)), ("subject", optional(reason.subject, JSONValue.string)),
                    ("old", optional(reason.old, JSONValue.string)), ("new", optional(reason.new, JSONValue.string)),
                ])
            })
    }

    private static func resources(_ request: ResourceRequest) -> JSONValue {
        let counted = request.counted.sorted { $0.key < $1.key }.map { ($0.key, number($0.value)) }
        return object([
            ("cpus", number(request.cpus)), ("gpus", optional(request.gpus, number)),
            ("memory_bytes", optional(request.memoryBytes, JSONValue.integer)), ("counted", object(counted)),
        ])
    }
}

/// A plan as JSON lines: one `stage_decided` per stage, without a time, since nothing has happened.
public func planJSONLines(stages: [(stage: String, decision: Decision)]) -> String {
    stages.map { stage, decision in
        object([("event", .string("stage_decided"))] + JSONLinesProgress.decided(stage, decision)).text + "\n"
    }.joined()
}

private func number(_ quantity: Quantity) -> JSONValue { .number(quantity.description) }

private func object(_ fields: [(String, JSONValue)]) -> JSONValue {
    .object(fields.map { JSONValue.Member(name: $0.0, value: $0.1) })
}

private func optional<Value>(_ value: Value?, _ json: (Value) -> JSONValue) -> JSONValue { value.map(json) ?? .null }
