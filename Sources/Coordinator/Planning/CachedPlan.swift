// What the last run of the same request left, compared with the disk: whether there is anything to do, and if so, which
// stages must be looked at. Only stamps of files are asked for; the pipeline is neither decoded nor expanded, and nothing
// is looked up for stages of which nothing changed. The verdicts that are made anew are the planner's, as ever.
//
// Ninja (E. Martin, 2012) and Shake (N. Mitchell, "Shake before building", ICFP 2012) keep such a log beside the build.

import Model
import PlanCache
import Workspace

/// What a request for a run is known by, where its outcome is worth remembering.
public struct RequestBasis: Sendable {
    public let request: Digest
    public let expansionInputs: ExpansionInputs
    /// About the pipeline, for whoever sees it run.
    public let warnings: [String]

    public init(request: Digest, expansionInputs: ExpansionInputs, warnings: [String]) {
        self.request = request
        self.expansionInputs = expansionInputs
        self.warnings = warnings
    }
}

/// Selected and other stages of which nothing changed: they are in no graph, and this run found them as the last one left
/// them.
public struct UnchangedStages: Sendable {
    let cachedPlan: CachedPlan
    let body: PipelineBody
    let standing: CachedStages
    /// The stages that are in the graph, by their places in the whole pipeline.
    let members: [StageIndex]
    /// By place in the graph: its own files are as they were; it is there because a stage that changed needs it.
    let isNeighbour: [Bool]

    var verdicts: [UnexecutedStage] { standing.verdicts(besides: members) }
    /// How many were found fresh, and how many nobody asked for. All members are selected.
    var fresh: Int { cachedPlan.stored.stagesFresh - members.count }
    var notSelected: Int { body.stagesTotal - cachedPlan.stored.stagesFresh }
}

/// A standing that holds but for some files.
public struct CachedPlan: Sendable {
    let stored: PlanCacheRow
    let index: PipelineIndex
    let stamps: [FileStamp]
    /// By path of the index.
    let isChanged: [Bool]
    let newestRun: RunID?

    var pipeline: String { index.pipeline }
    public var expansionInputs: ExpansionInputs { index.expansionInputs }

    /// Nothing changed that any verdict rests on.
    public var isAllFresh: Bool { stored.stagesToEvaluate == 0 && !isChanged.contains(true) }

    /// - Parameter stillHolds: whether the expansion of the pipeline would find again what it found then.
    /// - Returns: nil where everything is to be looked at: also while another run is under way, which may be changing files.
    public static func of(
        _ request: Digest, in store: any RunStore, root: String, stillHolds: (ExpansionInputs) -> Bool
    ) throws(Failure) -> CachedPlan? {
        let newestRun = try store.newestRun()
        guard try store.runningRuns().isEmpty, let stored = try store.standing(ofRequest: request),
            let index = PipelineIndex(bytes: stored.index),
            let stamps = CachedStages.stamps(bytes: stored.stamps, count: index.paths.count),
            stored.stagesFresh >= 0, stored.stagesFresh <= index.stagesTotal, stillHolds(index.expansionInputs)
        else { return nil }
        let isChanged = try awaited { await changedPaths(of: index.paths, since: stamps, root: root) }
        return CachedPlan(stored: stored, index: index, stamps: stamps, isChanged: isChanged, newestRun: newestRun)
    }

    /// Whether nobody ran anything, and nobody judged results, since the files were looked at. To be asked in the
    /// transaction that relies on it.
    func isUpToDate(in store: any RunStore) throws(Failure) -> Bool {
        guard try store.newestRun() == newestRun else { return false }
        return try store.holds(stored)
    }

    private func details(in store: any RunStore) throws(Failure) -> (body: PipelineBody, standing: CachedStages)? {
        guard let (bodyBytes, stageBytes) = try store.stages(of: stored),
            let body = PipelineBody(bytes: bodyBytes, pathCount: index.paths.count),
            body.stagesTotal == index.stagesTotal,
            body.isSelected.count(where: { $0 }) == stored.stagesFresh,
            let standing = CachedStages(stamps: stamps, stageBytes: stageBytes, stagesTotal: index.stagesTotal)
        else { return nil }
        return (body, standing)
    }

    // MARK: - Nothing to do

    /// Records a run that found everything fresh.
    ///
    /// - Returns: nil, and nothing is recorded, where it is not certain any more that it is.
    public func recordAllFresh(
        _ labels: RunLabels, root: String, startedAt: Timestamp, clock: () -> Timestamp, in store: any RunStore
    ) throws(Failure) -> RunFinished? {
        let liveness = Liveness.ofThisProcess(root: root)
        var verdicts: [UnexecutedStage] = []
        if stored.unexecutedSet == nil {
            guard let (_, standing) = try details(in: store) else { return nil }
            verdicts = standing.verdicts(besides: [])
        }
        return try store.inTransaction { () throws(Failure) -> RunFinished? in
            guard try isUpToDate(in: store) else { return nil }
            var start = RunStart(labels, pipeline: pipeline, stagesTotal: index.stagesTotal, liveness, at: startedAt)
            start.keepsPlanCache = true
            let run = try store.beginRun(start, liveness: liveness)
            if let set = stored.unexecutedSet {
                try store.setUnexecuted(set, run: run)
            } else if let set = try store.recordUnexecuted(verdicts, run: run) {
                try store.remember(set, with: stored)
            }
            var counts = RunCounts()
            counts.fresh = stored.stagesFresh
            counts.notSelected = index.stagesTotal - stored.stagesFresh
            let finishedAt = clock()
            let wallSeconds = finishedAt.seconds(since: startedAt)
            try store.finishRun(
                run, status: .succeeded, counts: counts, finishedAt: finishedAt, wallSeconds: wallSeconds)
            return RunFinished(
                runID: run, pipeline: pipeline, status: .succeeded, counts: counts, wallSeconds: wallSeconds,
                failedStages: [])
        }
    }

    /// What is told of such a run.
    public func events(of ended: RunFinished, startedAt: Timestamp) -> [RunEvent] {
        let fresh = stored.stagesFresh
        let started = RunStarted(
            runID: ended.runID, pipeline: pipeline, stagesTotal: index.stagesTotal, stagesSelected: fresh, willRun: 0,
            mayRun: 0,
            fresh: fresh, expectedSeconds: nil)
        return [
            RunEvent(at: startedAt, kind: .runStarted(started)),
            RunEvent(at: startedAt.adding(seconds: ended.wallSeconds), kind: .runFinished(ended)),
        ]
    }

    // MARK: - Something to do

    /// The part of the pipeline that has to be looked at.
    ///
    /// - Returns: nil where that is all of it.
    public func changedPart(
        in store: any RunStore
    ) throws(Failure) -> (graph: Graph, omitted: UnchangedStages, warnings: [String])? {
        guard let (body, standing) = try details(in: store) else { return nil }
        let isConcerned = body.concerned(isChanged: isChanged, isSuspect: standing.isSuspect)
        let members = body.withNeighbours(isConcerned)
        guard members.count < body.stagesTotal, let graph = body.graph(of: members, pipeline: pipeline) else {
            return nil
        }
        let omitted = UnchangedStages(
            cachedPlan: self, body: body, standing: standing, members: members,
            isNeighbour: members.map { !isConcerned[$0] })
        return (graph, omitted, body.warnings)
    }
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
            startedAt: startedAt,
            engine: "local", host: liveness.host, user: labels.user, checkout: labels.checkout, machine: labels.machine,
            stagesTotal: stagesTotal, tags: labels.tags, notes: labels.notes)
    }
}
