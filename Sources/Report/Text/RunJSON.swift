// Runs and executions as JSON for programs: `runs show --format json` and the parts that other commands share. Knows
// the keys, which are the names of the store's views and described in docs/store.md; every key is always present, null
// if unknown.
import Model

/// One object.
public func runJSON(_ run: RunFacts) -> JSONValue {
    .object(
        headMembers(run) + [
            .init(name: "stages", value: .array(run.stages.map(stageJSON)))
        ])
}

/// The members about the run itself.
func headMembers(_ run: RunFacts) -> [JSONValue.Member] {
    members([
        ("run_id", .integer(run.id.value)), ("pipeline", .string(run.pipeline)),
        ("pipeline_path", .string(run.pipelinePath)), ("status", .string(run.status.rawValue)),
        ("started_at", .string(run.startedAt)), ("finished_at", json(run.finishedAt)),
        ("wall_seconds", json(run.wallSeconds)),
        ("command_line", .string(run.commandLine)), ("engine", .string(run.engine)), ("host", .string(run.host)),
        ("user", .string(run.user)), ("git_commit", json(run.gitCommit)),
        ("git_branch", json(run.gitBranch)), ("git_dirty", json(run.hasUncommittedChanges)),
        ("git_diff_bytes", run.gitDiffBytes.map { .integer(Int64($0)) } ?? .null),
        ("kernel", .string(run.machine.kernel)), ("cpu_model", json(run.machine.cpuModel)),
        ("cpu_count", .integer(run.machine.cpuCount)), ("memory_bytes", .integer(run.machine.memoryBytes)),
        ("gpu_names", json(run.machine.gpuNames)), ("gpu_driver", json(run.machine.gpuDriver)),
        ("runs_version", .string(run.runsVersion)), ("sqlite_version", .string(run.sqliteVersion)),
        ("stages_total", .integer(run.stagesTotal)),
        ("stages_executed", .integer(run.counts.executed)), ("stages_fresh", .integer(run.counts.fresh)),
        ("stages_restored", .integer(run.counts.restored)), ("stages_failed", .integer(run.counts.failed)),
        ("stages_blocked", .integer(run.counts.blocked)), ("tags", .array(run.tags.map { .string($0) })),
        ("notes", .array(run.notes.map { .string($0) })), ("status_note", json(run.unrecordedEnd?.sentence)),
    ])
}

private func stageJSON(_ stage: StageOfRun) -> JSONValue {
    let reasons = stage.decision.reasons.map { reason in
        JSONValue.object(
            members([
                ("reason", .string(reason.code.rawValue)), ("subject", json(reason.subject)),
                ("old_value", json(reason.old)),
                ("new_value", json(reason.new)),
            ]))
    }
    let execution = stage.execution
    return .object(
        members([
            ("stage", .string(stage.stage)), ("verdict", .string(stage.decision.verdict.rawValue)),
            ("why", .array(reasons)), ("attempts", .integer(stage.attempts)),
            ("execution_id", execution.map { .integer($0.id.value) } ?? .null),
            ("state", json(execution?.state.rawValue)), ("rejected", json(execution?.isRejected)),
            ("wall_seconds", json(execution?.wallSeconds)), ("cpu_seconds", json(execution?.cpuSeconds)),
            ("max_rss_bytes", json(execution?.maxRSSBytes)), ("gpu_peak_bytes", json(execution?.gpuPeakBytes)),
            ("error", json(execution?.error)), ("note", json(execution?.note)), ("log_path", json(execution?.logPath)),
            ("params", paramsJSON(execution?.params ?? [])), ("metrics", metricsJSON(execution?.metrics ?? [])),
            ("repeats", execution?.repeats.map { .integer(Int64($0)) } ?? .null),
        ]))
}

func paramsJSON(_ params: [Param]) -> JSONValue { .object(params.map { .init(name: $0.name, value: $0.value) }) }

func metricsJSON(_ metrics: [MetricFact]) -> JSONValue {
    .object(metrics.map { .init(name: $0.name, value: $0.value) })
}

func members(_ pairs: [(String, JSONValue)]) -> [JSONValue.Member] { pairs.map { .init(name: $0.0, value: $0.1) } }

func json(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
func json(_ flag: Bool?) -> JSONValue { flag.map { .bool($0) } ?? .null }
func json(_ number: Double?) -> JSONValue { number.map { .double($0) } ?? .null }
func json(_ number: Int64?) -> JSONValue { number.map { .integer($0) } ?? .null }
