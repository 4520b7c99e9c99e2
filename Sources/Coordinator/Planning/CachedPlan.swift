// What the last run of the same request left, compared with the disk: nothing has changed, or only a part of the
// pipeline has to be looked at. Only stamps of files are asked for; the pipeline is neither decoded nor expanded, and
// nothing is looked up for stages of which nothing changed. The planner evaluates the rest.
//
// Ninja (E. Martin, 2012) and Shake (N. Mitchell, "Shake before building", ICFP 2012) keep such a log with the build.

import Model
import PlanCache
import Planner
import Workspace

/// The plan of one request, as it is cached from run to run. Used for one run: asked first, then handed to the run,
/// which replaces it by its own.
public final class CachedPlan {
    public enum Answer {
        /// Everything has to be looked at.
        case unknown
        /// Everything is fresh: `recordUnchanged` is all there is to do.
        case unchanged
        /// The part of the pipeline that has to be looked at, and warnings about the pipeline.
        case smaller(Graph, warnings: [String])
    }

    /// What was read from the store, and how the disk compares with it.
    struct Snapshot {
        let row: PlanCacheRow
        let index: PipelineIndex
        let stamps: [FileStamp]
        /// By path of the index.
        let isChanged: [Bool]
        let newestRun: RunID?
    }

    /// Stages that a smaller request leaves out: of them nothing changed.
    struct UnchangedStages {
        let snapshot: Snapshot
        let body: PipelineBody
        let stages: CachedStages
        /// The stages that are in the graph, by their places in the whole pipeline. All are selected.
        let members: [StageIndex]
        /// By place in the graph: its own files are as they were; it is there because a stage that changed needs it.
        let isNeighbour: [Bool]
    }

    let request: Digest
    /// What the expansion of the pipeline depended on, and its warnings.
    private(set) var expansion: (inputs: ExpansionInputs, warnings: [String])?
    private var snapshot: Snapshot?
    private(set) var unchanged: UnchangedStages?

    /// - Parameter request: the digest by which the request is known.
    public init(request: Digest) { self.request = request }

    /// - Parameters:
    ///   - root: the project's folder.
    ///   - stillHolds: whether the expansion of the pipeline would find again what it found then.
    /// - Returns: `unknown` also while another run is under way, which may be changing files.
    public func answer(
        from store: any RunStore, root: String, stillHolds: (ExpansionInputs) -> Bool
    ) throws(Failure) -> Answer {
        let newestRun = try store.newestRun()
        guard try store.runningRuns().isEmpty, let row = try store.planCache(ofRequest: request),
            let index = PipelineIndex(bytes: row.index),
            let stamps = CachedStages.stamps(bytes: row.stamps, count: index.paths.count),
            row.stagesFresh >= 0, row.stagesFresh <= index.stagesTotal, stillHolds(index.expansionInputs)
        else { return .unknown }
        let isChanged = try awaited { await changedPaths(of: index.paths, since: stamps, root: root) }
        let snapshot = Snapshot(row: row, index: index, stamps: stamps, isChanged: isChanged, newestRun: newestRun)
        self.snapshot = snapshot
        if row.stagesToEvaluate == 0, !isChanged.contains(true) { return .unchanged }
        guard let (body, stages) = try details(snapshot, in: store) else { return .unknown }
        let isConcerned = body.concerned(isChanged: isChanged, isSuspect: stages.isSuspect)
        let members = body.withNeighbours(isConcerned)
        guard members.count < body.stagesTotal, let graph = body.graph(of: members, pipeline: index.pipeline) else {
            return .unknown
        }
        unchanged = UnchangedStages(
            snapshot: snapshot, body: body, stages: stages, members: members,
            isNeighbour: members.map { !isConcerned[$0] })
        expansion = (index.expansionInputs, body.warnings)
        return .smaller(graph, warnings: body.warnings)
    }

    /// What the expansion looked at, of the pipeline that the answer is about.
    public var expansionInputs: ExpansionInputs { expansion?.inputs ?? ExpansionInputs() }

    /// The whole pipeline was expanded: what was cached does not matter.
    public func replace(expansionInputs: ExpansionInputs, warnings: [String]) {
        expansion = (expansionInputs, warnings)
        snapshot = nil
        unchanged = nil
    }

    private func details(
        _ snapshot: Snapshot, in store: any RunStore
    ) throws(Failure) -> (body: PipelineBody, stages: CachedStages)? {
        let index = snapshot.index
        guard let (bodyBytes, stageBytes) = try store.planCacheStages(of: snapshot.row),
            let body = PipelineBody(bytes: bodyBytes, pathCount: index.paths.count),
            body.stagesTotal == index.stagesTotal,
            body.isSelected.count(where: { $0 }) == snapshot.row.stagesFresh,
            let stages = CachedStages(
                stamps: snapshot.stamps, stageBytes: stageBytes, stagesTotal: index.stagesTotal)
        else { return nil }
        return (body, stages)
    }

    /// Whether no other program ran anything, or reviewed results, since the files were looked at. To be asked in the
    /// transaction that relies on it.
    func isCurrent(in store: any RunStore) throws(Failure) -> Bool {
        guard let snapshot else { return true }
        guard try store.newestRun() == snapshot.newestRun else { return false }
        return try store.holds(snapshot.row)
    }

    // MARK: - Nothing to do

    /// Records a run that found everything fresh.
    ///
    /// - Returns: what to report of it; nil, and nothing is recorded, where it is no longer certain.
    public func recordUnchanged(
        _ labels: RunLabels, root: String, startedAt: Timestamp, clock: () -> Timestamp, in store: any RunStore
    ) throws(Failure) -> (finished: RunFinished, events: [RunEvent])? {
        guard let snapshot else { return nil }
        let (row, index) = (snapshot.row, snapshot.index)
        let liveness = Liveness.ofThisProcess(root: root)
        var verdicts: [UnexecutedStage] = []
        if row.unexecutedSet == nil {
            guard let (_, stages) = try details(snapshot, in: store) else { return nil }
            verdicts = stages.verdicts(besides: [])
        }
        let finished = try store.inTransaction { () throws(Failure) -> RunFinished? in
            guard try isCurrent(in: store) else { return nil }
            // Only pipelines without secrets are cached.
            let redaction = Redaction(SecretRules(), salt: store.salt) { _ in nil }
            var start = RunStart(
                labels.shown(by: redaction), pipeline: index.pipeline, stagesTotal: index.stagesTotal, liveness,
                at: startedAt)
            start.keepsPlanCache = true
            let run = try store.beginRun(start, liveness: liveness)
            if let set = row.unexecutedSet {
                try store.setUnexecuted(set, run: run)
            } else if let set = try store.recordUnexecuted(verdicts, run: run) {
                try store.remember(set, with: row)
            }
            var counts = RunCounts()
            counts.fresh = row.stagesFresh
            counts.notSelected = index.stagesTotal - row.stagesFresh
            let finishedAt = clock()
            let wallSeconds = finishedAt.seconds(since: startedAt)
            try store.finishRun(
                run, status: .succeeded, counts: counts, finishedAt: finishedAt, wallSeconds: wallSeconds)
            return RunFinished(
                runID: run, pipeline: index.pipeline, status: .succeeded, counts: counts, wallSeconds: wallSeconds,
                failedStages: [])
        }
        guard let finished else { return nil }
        let started = RunStarted(
            runID: finished.runID, pipeline: index.pipeline, stagesTotal: index.stagesTotal,
            stagesSelected: row.stagesFresh, willRun: 0, mayRun: 0, fresh: row.stagesFresh, expectedSeconds: nil)
        let endedAt = startedAt.adding(seconds: finished.wallSeconds)
        return (
            finished,
            [RunEvent(at: startedAt, kind: .runStarted(started)), RunEvent(at: endedAt, kind: .runFinished(finished))]
        )
    }

    // MARK: - A smaller request

    /// Whether the stages that are looked at only because others need them are as they were. If not, those that the
    /// graph leaves out may not be either, and the whole pipeline must be looked at.
    public func isConfirmed(by preparation: RunPreparation) -> Bool {
        guard let unchanged else { return true }
        return unchanged.members.enumerated().allSatisfy { place, member in
            let decision = preparation.plan.decisions[place]
            return !unchanged.isNeighbour[place]
                || decision.verdict == .fresh && decision.executionID == unchanged.stages.executions[member]
        }
    }

    /// Stages of the whole pipeline; nil where the graph has them all.
    var stagesTotal: Int? { unchanged?.body.stagesTotal }
    /// How many of those left out are fresh, and how many are not selected.
    var unchangedFresh: Int { unchanged.map { $0.snapshot.row.stagesFresh - $0.members.count } ?? 0 }
    var unchangedNotSelected: Int { unchanged.map { $0.body.stagesTotal - $0.snapshot.row.stagesFresh } ?? 0 }
    var unchangedVerdicts: [UnexecutedStage] { unchanged.map { $0.stages.verdicts(besides: $0.members) } ?? [] }
}

extension CachedStages {
    /// The verdicts on all stages but those.
    func verdicts(besides members: [StageIndex]) -> [UnexecutedStage] {
        var isMember = [Bool](repeating: false, count: stageIDs.count)
        for member in members { isMember[member] = true }
        return stageIDs.indices.lazy.filter { !isMember[$0] }.map {
            UnexecutedStage(stage: stageIDs[$0], execution: executions[$0])
        }
    }
}

extension RunStart {
    init(_ labels: RunLabels, pipeline: String, stagesTotal: Int, _ liveness: Liveness, at startedAt: Timestamp) {
        self.init(
            pipeline: pipeline, pipelinePath: labels.pipelinePath, commandLine: labels.commandLine,
            startedAt: startedAt, engine: labels.engine, host: liveness.host, user: labels.user,
            checkout: labels.checkout, machine: labels.machine, stagesTotal: stagesTotal, tags: labels.tags,
            notes: labels.notes)
    }
}
