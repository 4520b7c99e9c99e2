// Records runs and their executions. A success is written with its outputs, metrics and usage in one transaction. Does
// not know how stages are run.

import Model
import RunsSQL

import struct Crypto.SHA256

extension Store {
    /// Begins a run. If another process takes it over, later transactions fail and write nothing.
    public func beginRun(_ start: RunStart, liveness: Liveness) throws(Failure) -> RunID {
        try inTransaction { () throws(Failure) in
            if !start.keepsPlanCache {
                try connection.statement(SQL.deletePlanCache).run([("pipeline_id", try pipelineID(start.pipeline))])
            }
            let pipeline = try pipelineID(start.pipeline)
            try connection.statement(SQL.setPipelinePath).run([
                ("pipeline_id", pipeline), ("path", start.pipelinePath),
            ])
            try connection.statement(SQL.insertRun).run([
                ("pipeline_id", pipeline), ("pipeline_path", start.pipelinePath),
                ("started_at", start.startedAt.iso8601), ("command_line", start.commandLine), ("engine", start.engine),
                ("host", start.host), ("user_name", start.user), ("git_commit", start.checkout?.commit),
                ("git_branch", start.checkout?.branch), ("machine_id", try machineID(start.machine)),
                ("runs_version", programVersion), ("sqlite_version", try sqliteVersion()),
                ("boot_id", liveness.bootID), ("pid_namespace", liveness.pidNamespace),
                ("pid", Int(liveness.pid)), ("folder_id", liveness.folderID), ("stages_total", start.stagesTotal),
            ])
            let run = RunID(connection.lastInsertedRow)
            ownedRun = OwnedRun(id: run, epoch: 1)
            for tag in start.tags { try addTag(tag, to: .run(run), at: start.startedAt) }
            for note in start.notes { try addNote(note, to: .run(run), at: start.startedAt) }
            return run
        }
    }

    public func finishRun(
        _ run: RunID, status: RunStatus, counts: RunCounts, finishedAt: Timestamp, wallSeconds: Double
    ) throws(Failure) {
        try inTransaction { () throws(Failure) in
            try refuseTruncatedFiles(looksInside: true)
            try connection.statement(SQL.finishRun).run([
                ("run_id", run.value), ("status", status.rawValue), ("finished_at", finishedAt.iso8601),
                ("wall_seconds", wallSeconds), ("executed", counts.executed), ("fresh", counts.fresh),
                ("restored", counts.restored), ("failed", counts.failed), ("blocked", counts.blocked),
            ])
            guard connection.changedRows == 1 else {
                throw Failure(
                    .store, "run \(run) is no longer running: another process recorded its end.")
            }
            if ownedRun?.id == run { ownedRun = nil }
        }
        try refuseReplacedFiles()
    }

    /// Adds a running or queued execution, with everything that determines its result. It owns its output paths from
    /// now on.
    public func begin(_ start: ExecutionStart, run: RunID, pipeline: String) throws(Failure) -> ExecutionID {
        let isQueued = start.state == .queued
        return try inTransaction { () throws(Failure) in
            try connection.statement(SQL.insertExecution).run([
                ("run_id", run.value),
                ("stage_id", try stageID(start.stage, template: start.template, pipeline: pipeline)),
                ("attempt", start.attempt), ("state", start.state.rawValue),
                ("submitted_at", start.submittedAt?.iso8601),
                ("started_at", isQueued ? nil : start.startedAt.iso8601),
                ("queued_seconds", isQueued ? nil : start.queuedSeconds), ("cpus", start.resources.cpus.value),
                ("gpus", start.resources.gpus?.value), ("memory_bytes", start.resources.memoryBytes),
                ("timeout_seconds", start.timeoutSeconds), ("keep", start.keep), ("host", start.host),
                ("engine", start.engine),
                ("key", start.key), ("base_key", start.baseKey),
                ("command_id", try commandID(start.details.command)),
                ("working_directory", start.details.workingDirectory), ("log_path", start.logPath),
                ("token", start.token), ("resumed", start.resumed),
                ("gpu_ids", Self.text(ofGPUs: start.gpuIDs)),
                ("repetition", start.repetition), ("accepted", start.accepted),
            ])
            let id = connection.lastInsertedRow
            try recordDetails(start, of: id)
            for output in start.outputs {
                try connection.statement(SQL.setOwner).run([
                    ("path_id", try pathID(output.path)), ("execution_id", id),
                ])
            }
            return ExecutionID(id)
        }
    }

    private func recordDetails(_ start: ExecutionStart, of id: Int64) throws(Failure) {
        for input in start.details.inputs {
            try connection.statement(SQL.insertExecutionInput).run([
                ("execution_id", id), ("name_id", try nameID(input.name)),
                ("artifact_id", try artifactID(input)),
            ])
        }
        for link in start.inputMakers {
            try connection.statement(SQL.insertInputMaker).run([
                ("execution_id", id), ("artifact_id", try artifactID(link.input)), ("maker_id", link.maker.value),
            ])
        }
        for param in start.details.params {
            try connection.statement(SQL.insertExecutionParam).run([
                ("execution_id", id), ("name_id", try nameID(param.name)), ("value", param.value.canonicalText),
                ("number", param.value.doubleValue),
            ])
        }
        for variable in start.details.environment {
            try connection.statement(SQL.insertExecutionVariable).run([
                ("execution_id", id), ("name_id", try nameID(variable.name)), ("value", variable.value),
            ])
        }
        for (name, amount) in start.resources.counted {
            try connection.statement(SQL.insertExecutionResource).run([
                ("execution_id", id), ("name_id", try nameID(name)), ("requested", amount.value),
            ])
        }
    }

    /// Records the engine's job ID of an execution that is queued or running.
    ///
    /// - Throws: also if it has ended.
    public func recordJob(_ job: String, of execution: ExecutionID) throws(Failure) {
        try inTransaction { () throws(Failure) in
            try connection.statement(SQL.recordJob).run([
                ("execution_id", execution.value), ("engine_job_id", job),
            ])
            guard connection.changedRows == 1 else { throw notOpen(execution) }
        }
    }

    /// A queued execution starts.
    ///
    /// - Throws: also if it is not queued.
    public func markRunning(_ running: ExecutionRunning) throws(Failure) {
        try inTransaction { () throws(Failure) in
            try connection.statement(SQL.markRunning).run([
                ("execution_id", running.id.value), ("started_at", running.startedAt.iso8601),
                ("host", running.host), ("gpu_ids", Self.text(ofGPUs: running.gpuIDs)),
                ("engine_job_id", running.engineJobID),
            ])
            guard connection.changedRows == 1 else {
                let state = try stage(of: running.id)?.state.rawValue ?? "missing"
                throw Failure(.store, "execution \(running.id) cannot start: it is \(state), not queued.")
            }
        }
    }

    private static func text(ofGPUs ids: [String]) -> String? { ids.isEmpty ? nil : ids.joined(separator: ",") }

    private func notOpen(_ execution: ExecutionID) -> Failure {
        Failure(
            .store, "execution \(execution) is no longer running: another process recorded its end.")
    }

    /// Ends an execution that is queued or running.
    ///
    /// - Throws: also if `ExecutionState.mayBecome` does not allow it.
    public func finish(_ finish: ExecutionFinish) throws(Failure) {
        try inTransaction { () throws(Failure) in
            var exitCode: Int?
            var signal: Int?
            switch finish.exit {
            case .code(let code): exitCode = Int(code)
            case .signal(let number): signal = Int(number)
            case .notStarted, nil: break
            }
            try connection.statement(SQL.finishExecution).run([
                ("execution_id", finish.id.value), ("state", finish.state.rawValue), ("exit_code", exitCode),
                ("signal", signal), ("error", finish.error), ("note", finish.note),
                ("finished_at", finish.finishedAt.iso8601), ("wall_seconds", finish.usage.wallSeconds),
                ("user_cpu_seconds", finish.usage.userCPUSeconds),
                ("system_cpu_seconds", finish.usage.systemCPUSeconds),
                ("max_rss_bytes", finish.usage.maxRSSBytes), ("read_bytes", finish.usage.readBytes),
                ("write_bytes", finish.usage.writeBytes), ("inputs_changed_during_run", finish.inputsChangedDuringRun),
                ("gpu_peak_bytes", finish.usage.gpuPeakBytes),
                ("gpu_peak_source", finish.usage.gpuPeakSource?.rawValue),
                ("gpu_mean_utilization", finish.usage.gpuMeanUtilization),
            ])
            guard connection.changedRows == 1 else { throw notOpen(finish.id) }
            for output in finish.outputs {
                try connection.statement(SQL.insertExecutionOutput).run([
                    ("execution_id", finish.id.value), ("name_id", try nameID(output.name)),
                    ("artifact_id", try artifactID(output)),
                ])
            }
            for path in finish.metricsFiles { try setMetricsRead(path, of: finish.id) }
            try addMetrics(finish.metrics, to: finish.id)
            for sample in finish.gpuSamples {
                try connection.statement(SQL.insertGpuSample).run([
                    ("execution_id", finish.id.value), ("gpu_id", sample.gpuID), ("seconds", sample.seconds),
                    ("memory_bytes", sample.memoryBytes), ("utilization", sample.utilization),
                ])
            }
            if finish.state == .succeeded {
                try connection.statement(SQL.setCurrentOfExecution).run([("execution_id", finish.id.value)])
            }
        }
    }

    /// Records params that a stage reported. They do not replace those that were given to it.
    public func addReportedParams(_ params: [Param], to execution: ExecutionID) throws(Failure) {
        try inTransaction { () throws(Failure) in
            for param in params {
                try connection.statement(SQL.reportParam).run([
                    ("execution_id", execution.value), ("name_id", try nameID(param.name)),
                    ("value", param.value.canonicalText), ("number", param.value.doubleValue),
                ])
            }
        }
    }

    /// Records a decision, one row for each reason. It replaces an earlier decision of the run for the stage.
    public func record(
        decision: Decision, stage: String, template: String, run: RunID, pipeline: String
    ) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let number = try stageID(stage, template: template, pipeline: pipeline)
            // A stage that may run and reaches this point was executed.
            let verdict = decision.verdict == .mayRun ? Verdict.run : decision.verdict
            try connection.statement(SQL.forgetDecision).run([("run_id", run.value), ("stage_id", number)])
            for (ordinal, reason) in decision.reasons.enumerated() {
                try connection.statement(SQL.insertDecision).run([
                    ("run_id", run.value), ("stage_id", number), ("ordinal", ordinal), ("verdict", verdict.rawValue),
                    ("reason", reason.code.rawValue), ("subject", reason.subject), ("old_value", reason.old),
                    ("new_value", reason.new), ("execution_id", decision.executionID?.value),
                ])
            }
        }
    }

    /// The IDs of stages, in that order; new stages are added.
    public func stageIDs(
        of stages: [(name: String, template: String)], pipeline: String
    ) throws(Failure) -> [Int64] {
        try inTransaction { () throws(Failure) in
            // One scan is cheaper than so many seeks.
            if stages.count > 1000 { try lookUpAllStages(ofPipeline: try pipelineID(pipeline)) }
            var numbers: [Int64] = []
            numbers.reserveCapacity(stages.count)
            for stage in stages {
                numbers.append(try stageID(stage.name, template: stage.template, pipeline: pipeline))
            }
            return numbers
        }
    }

    /// Records decisions that are stored as one set: fresh (with the execution used) and not selected (without).
    ///
    /// - Returns: the ID of the set, which other runs share.
    @discardableResult
    public func recordUnexecuted(_ members: [UnexecutedStage], run: RunID) throws(Failure) -> Int64? {
        guard !members.isEmpty else { return nil }
        return try inTransaction { () throws(Failure) in
            let text = Self.text(of: members)
            guard let digest = Digest(bytes: SHA256.hash(data: text)) else { return nil }
            var set = try connection.statement(SQL.findUnexecutedSet).first([("digest", digest)]) { $0.integer(0) }
            if set == nil {
                let members = String(decoding: text, as: UTF8.self)
                try connection.statement(SQL.insertUnexecutedSet).run([("digest", digest), ("members", members)])
                set = connection.lastInsertedRow
            }
            try connection.statement(SQL.setUnexecuted).run([("run_id", run.value), ("unexecuted_set_id", set)])
            return set
        }
    }

    private static func text(of members: [UnexecutedStage]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(members.count * 16)
        for member in members.sorted(by: { $0.stage < $1.stage }) {
            text.append(UInt8(ascii: text.isEmpty ? "[" : ","))
            text.append(contentsOf: "[\(member.stage),\(member.execution?.description ?? "null")]".utf8)
        }
        text.append(UInt8(ascii: "]"))
        return text
    }

    /// The current outputs of a stage come from that execution, which need not be the newest.
    public func setCurrent(stage: String, template: String, pipeline: String, execution: ExecutionID) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let number = try stageID(stage, template: template, pipeline: pipeline)
            try connection.statement(SQL.setCurrent).run([("stage_id", number), ("execution_id", execution.value)])
        }
    }

    public func setOwner(ofPaths paths: [String], to execution: ExecutionID) throws(Failure) {
        try inTransaction { () throws(Failure) in
            for path in paths {
                try connection.statement(SQL.setOwner).run([
                    ("path_id", try pathID(path)), ("execution_id", execution.value),
                ])
            }
        }
    }

    public func saveDigests(_ entries: [DigestCacheEntry]) throws(Failure) {
        guard !entries.isEmpty else { return }
        try inTransaction { () throws(Failure) in
            for entry in entries {
                try connection.statement(SQL.saveDigest).run([
                    ("path_id", try pathID(entry.path)), ("mode", entry.mode.rawValue),
                    ("device", Int64(bitPattern: entry.stamp.device)), ("inode", Int64(bitPattern: entry.stamp.inode)),
                    ("size_bytes", entry.stamp.sizeBytes), ("modified_nanoseconds", entry.stamp.modifiedNanoseconds),
                    ("changed_nanoseconds", entry.stamp.changedNanoseconds),
                    ("digest_kind", entry.fingerprint.kind.rawValue), ("sha256", entry.fingerprint.digest),
                    ("digested_bytes", entry.fingerprint.sizeBytes), ("tree", entry.tree),
                ])
            }
        }
    }
}
