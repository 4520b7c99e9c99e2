// `runs accept`: the outputs on disk are accepted as made by the present key, without executing anything. Writes the
// rows that an execution writes, so that what reads them later (staleness, lineage, rejecting) needs no special case.

import Model
import Planner
import Workspace

/// What became of the stages named.
public struct Acceptance: Sendable {
    /// nil: there was nothing to accept.
    public internal(set) var run: RunID?
    /// In the order of the graph.
    public internal(set) var accepted: [(stage: String, execution: ExecutionID)] = []
    /// Stages that were fresh anyway.
    public internal(set) var fresh: [String] = []
    /// Their metrics files that were read now, for the user.
    public internal(set) var notices: [String] = []
    /// What failed without consequences for what was recorded.
    public internal(set) var warnings: [String] = []
}

/// Accepts the outputs of some stages as they are: all of them, or none.
///
/// The inputs of these stages must exist and be decided, since they are part of the keys: stages before them must be
/// fresh, or named as well.
///
/// - Parameter reason: goes into the notes of the executions.
/// - Throws: a `Failure` of kind `usage` where a stage has nothing that could be accepted, of kind `store` where
///   another run is making it.
public func accept(
    _ named: [StageIndex], of preparation: RunPreparation, labels: RunLabels, reason: String?, clock: () -> Timestamp
) throws(Failure) -> Acceptance {
    let store = preparation.store
    var acceptor = Acceptor(preparation: preparation, labels: labels, reason: reason, now: clock())
    try store.inTransaction { () throws(Failure) in
        let isNamed = Set(named)
        for index in preparation.request.graph.order where isNamed.contains(index) { try acceptor.take(index) }
        try store.saveDigests(preparation.workspace.takeNewEntries())
        if let run = acceptor.result.run {
            try store.finishRun(
                run, status: .succeeded, counts: RunCounts(), finishedAt: acceptor.now, wallSeconds: 0)
        }
    }
    acceptor.writeLogs()
    return acceptor.result
}

private struct Acceptor {
    let preparation: RunPreparation
    let labels: RunLabels
    let reason: String?
    let now: Timestamp
    var result = Acceptance()
    private var decisions: [Decision]
    private var host = ""
    private var logPaths: [String] = []

    init(preparation: RunPreparation, labels: RunLabels, reason: String?, now: Timestamp) {
        self.preparation = preparation
        self.labels = labels
        self.reason = reason.map { preparation.redaction.text($0) }
        self.now = now
        decisions = preparation.plan.decisions
    }

    private var graph: Graph { preparation.request.graph }

    mutating func take(_ index: StageIndex) throws(Failure) {
        let stage = graph.stages[index]
        try refuseUnacceptable(stage)
        let facts = try decidedFacts(of: index)
        let decision = try preparation.evaluate(index, facts: facts, isForced: false, decisions)
        if decision.verdict == .fresh {
            decisions[index] = decision
            result.fresh.append(stage.name)
            try readMetrics(of: stage, decision)
            return
        }
        let outputs = try presentOutputs(of: stage, facts)
        let base = baseKey(of: stage, environment: facts.environment)
        let key = Planner.key(base: base, inputs: facts.inputs)
        try refuseWhereRunning(stage, facts)
        let id = try record(index, facts, outputs: outputs, key: key, base: base)
        decisions[index] = Decision(verdict: .fresh, reasons: [Reason(.fresh)], key: key, executionID: id)
        result.accepted.append((stage.name, id))
    }

    // MARK: - What can be accepted

    private func refuseUnacceptable(_ stage: Stage) throws(Failure) {
        if stage.isFrozen {
            throw Failure(.usage, "stage '\(stage.name)' is frozen: its outputs are always accepted as they are.")
        }
        if stage.isAlways {
            throw Failure(.usage, "stage '\(stage.name)' always runs: accepting it would have no effect.")
        }
        var foldersInside = Set<Substring>()
        let stray = try asFailure { () throws(WorkspaceFailure) in
            try preparation.strayOutput(of: stage, foldersInside: &foldersInside)
        }
        if let stray { throw Failure(.usage, "stage '\(stage.name)': \(stray).") }
    }

    /// What the stage would read and what is at its outputs, once all upstream stages are decided.
    private func decidedFacts(of index: StageIndex) throws(Failure) -> StageFacts {
        let stage = graph.stages[index]
        for producer in graph.producers[index].flatMap(\.self) {
            switch decisions[producer].verdict {
            case .fresh, .frozen: continue
            case .run, .mayRun, .restored, .blocked, .notSelected:
                throw Failure(
                    .usage,
                    "cannot accept stage '\(stage.name)': it reads outputs of '\(graph.stages[producer].name)', which is "
                        + "not fresh. Run that stage first, or accept it as well.")
            }
        }
        let facts = try gatherFacts(
            of: index, in: graph, decisions: decisions, files: DiskFacts(workspace: preparation.workspace),
            history: preparation.history, environment: preparation.recordedEnvironment(of: stage))
        if let missing = facts.missingInputs.first {
            throw Failure(
                .usage,
                "cannot accept stage '\(stage.name)': its input '\(missing.path)' "
                    + "\(missing.problem.map { "cannot be read: \($0)" } ?? "does not exist").")
        }
        return facts
    }

    private func presentOutputs(of stage: Stage, _ facts: StageFacts) throws(Failure) -> [RecordedPath] {
        var outputs: [RecordedPath] = []
        for (output, found) in zip(stage.outputs, facts.outputs) {
            guard let found else {
                throw Failure(
                    .usage,
                    "cannot accept stage '\(stage.name)': its output '\(output.path)' does not exist. "
                        + "`runs exec` makes it.")
            }
            outputs.append(RecordedPath(name: output.name, path: output.path, fingerprint: found))
        }
        return outputs
    }

    /// Within the transaction: whoever begins a run from now on sees the result.
    private func refuseWhereRunning(_ stage: Stage, _ facts: StageFacts) throws(Failure) {
        let store = preparation.store
        if let newest = preparation.history.newest(stage.name), try store.stage(of: newest.id)?.state.isOpen == true {
            throw Failure(
                .store, "run \(newest.runID) is executing stage '\(stage.name)'. Accept it when that run has ended.")
        }
        for living in try livingRuns(in: store, root: preparation.request.root) where living.run.id != result.run {
            let path =
                stage.outputs.lazy.compactMap { living.overlapping($0.path) { _ in true } }.first
                ?? stage.inputs.lazy.compactMap { living.mayChange($0) }.first
            guard let path else { continue }
            throw Failure(
                .store,
                "run \(living.run.id) uses '\(path)'. Accept stage '\(stage.name)' when that run has ended.")
        }
    }

    // MARK: - Recording

    private mutating func record(
        _ index: StageIndex, _ facts: StageFacts, outputs: [RecordedPath], key: Digest, base: Digest
    ) throws(Failure) -> ExecutionID {
        let (store, stage) = (preparation.store, graph.stages[index])
        let discovered = try discoveredInputs(of: index)
        let run = try begunRun()
        let shown = preparation.redaction.shown(stage)
        let start = ExecutionStart(
            stage: stage.name, template: stage.template, attempt: 1, key: key, baseKey: base,
            details: ExecutionDetails(
                command: shown.commandText, workingDirectory: stage.workingDirectory,
                environment: preparation.redaction.environment(of: stage), params: shown.params, inputs: facts.inputs),
            outputs: stage.outputs, resources: stage.resources, timeoutSeconds: stage.timeoutSeconds, keep: stage.keep,
            startedAt: now, queuedSeconds: 0, engine: labels.engine, host: host,
            logPath: RunFiles.log(of: run, stage: stage.name, index: index, attempt: 1), token: "",
            reasons: [Reason(.accepted)], resumed: false, gpuIDs: [], accepted: true)
        let id = try store.begin(start, run: run, pipeline: graph.pipeline)
        let decision = Decision(verdict: .run, reasons: start.reasons, key: key, executionID: id)
        try store.record(
            decision: decision, stage: stage.name, template: stage.template, run: run, pipeline: graph.pipeline)
        let metrics = try metrics(of: stage)
        try store.finish(
            ExecutionFinish(
                id: id, state: .succeeded, exit: .code(0), error: nil,
                note: (["not executed: its outputs were accepted"]
                    + metrics.notes.map { preparation.redaction.text($0) })
                    .joined(separator: "; "),
                finishedAt: now, usage: Usage(wallSeconds: 0), outputs: outputs, metrics: metrics.points,
                metricsFiles: stage.outputs.filter(\.isMetrics).map(\.path)))
        if !discovered.isEmpty { _ = try store.recordDiscovered(discovered, of: id) }
        try store.addNote("accepted\(why)", to: .execution(id), at: now)
        logPaths.append(start.logPath)
        return id
    }

    /// What the stage's last execution has read without naming it, as that is now.
    private mutating func discoveredInputs(of index: StageIndex) throws(Failure) -> [RecordedPath] {
        let (stage, history) = (graph.stages[index], preparation.history)
        let last = try history.newestSucceeded(stage.name) ?? history.newest(stage.name)
        guard let set = last?.discovered else {
            let why = last.map { "its execution \($0.id) recorded none" } ?? "it was never executed"
            if stage.discovery.startsPython, stage.discovery.followsImports {
                result.warnings.append(
                    "it is not known which modules stage '\(stage.name)' imports (\(why)): edits of these will not be noticed"
                )
            }
            if stage.discovery.depfile != nil {
                result.warnings.append(
                    "it is not known which files stage '\(stage.name)' names in its depfile (\(why)): edits of these will "
                        + "not be noticed")
            }
            return []
        }
        var inputs: [RecordedPath] = []
        for member in try history.discovered(set) {
            let now = try asFailure { () throws(WorkspaceFailure) in
                try preparation.workspace.fingerprint(
                    of: member.path, scope: DigestScope(discovered: member.path, .content))
            }
            if let now { inputs.append(RecordedPath(discovered: member.path, fingerprint: now)) }
        }
        return inputs
    }

    private var why: String { reason.map { ": \($0)" } ?? "" }

    /// What `runs logs` shows. After the commit, so that no log is left of what was not recorded.
    mutating func writeLogs() {
        for path in logPaths {
            do throws(WorkspaceFailure) {
                try preparation.area.makeParents(of: path)
                try preparation.area.write(
                    "Nothing was executed: `runs accept` accepted the outputs as they were\(why).\n", to: path)
            } catch {
                result.warnings.append(error.description)
            }
        }
    }

    /// One run for all stages, begun with the first of them.
    private mutating func begunRun() throws(Failure) -> RunID {
        if let run = result.run { return run }
        let liveness = Liveness.ofThisProcess(root: preparation.request.root)
        host = liveness.host
        let start = RunStart(
            labels.shown(by: preparation.redaction, knowing: preparation.redaction.secrets(of: graph)),
            pipeline: graph.pipeline, stagesTotal: graph.stages.count, liveness, at: now)
        let run = try preparation.store.beginRun(start, liveness: liveness)
        result.run = run
        return run
    }

    /// A metrics file that was not declared as one when it was made.
    private mutating func readMetrics(of stage: Stage, _ decision: Decision) throws(Failure) {
        guard let execution = decision.executionID else { return }
        var late = LateMetrics()
        try late.read([(stage, execution)], root: preparation.request.root, at: now, into: preparation.store)
        if let problem = late.problems.first { throw Failure(.usage, "\(problem).") }
        result.notices += [late.notice].compactMap { $0 } + late.notes
    }

    private func metrics(of stage: Stage) throws(Failure) -> (points: [MetricPoint], notes: [String]) {
        var result: (points: [MetricPoint], notes: [String]) = ([], [])
        for output in stage.outputs where output.isMetrics {
            let path = output.path.hasPrefix("/") ? output.path : "\(preparation.request.root)/\(output.path)"
            let found = finalMetrics(ofFile: path, shownAs: output.path, at: now)
            if let problem = found.problem {
                throw Failure(.usage, "cannot accept stage '\(stage.name)': \(problem).")
            }
            result.points += found.points
            result.notes += found.note.map { [$0] } ?? []
        }
        return result
    }
}
