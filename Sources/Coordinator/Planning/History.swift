// The planner's two views of the world, over the real store and the real disk. Keeps in memory what every stage is
// asked for, so that evaluating 100,000 fresh stages takes two statements.

import Glibc
import Model
import Planner
import Workspace

/// One pipeline's past, kept up to date while a run adds to it.
final class History: RecordedState {
    private let store: any PlanningStore
    private let pipeline: String
    /// Those that will be asked for; nil: any.
    private let stages: [String]?
    private let area: OutputArea
    private let workspace: Workspace
    private var currentByStage: [String: ExecutionRecord] = [:]
    private var newestByStage: [String: ExecutionRecord] = [:]
    /// A set never changes.
    private var discoveredBySet: [DiscoveredSetID: [RecordedPath]] = [:]
    /// Whether the store has executions of an earlier encoding of keys.
    let hasEarlierKeys: Bool
    private var keptExecutions = Set<ExecutionID>()
    /// Those of them whose stage was not asked for yet.
    private var unsortedKept = Set<ExecutionID>()
    private var keptByStage: [String: Set<ExecutionID>] = [:]

    init(
        store: any PlanningStore, pipeline: String, stages: [String]?, area: OutputArea, workspace: Workspace
    ) throws(Failure) {
        self.store = store
        self.pipeline = pipeline
        self.stages = stages
        self.area = area
        self.workspace = workspace
        hasEarlierKeys = try store.hasEarlierKeys()
        try refresh()
    }

    /// Reads the past again, after another run may have added to it.
    func refresh() throws(Failure) {
        currentByStage = try store.currentExecutions(pipeline: pipeline, of: stages)
        newestByStage = try store.newestExecutions(pipeline: pipeline, of: stages)
        keptExecutions = Set(try asFailure { () throws(WorkspaceFailure) in try area.keptExecutions() })
        unsortedKept = keptExecutions
        keptByStage = [:]
    }

    func current(_ stage: String) -> ExecutionRecord? { currentByStage[stage] }
    func newest(_ stage: String) -> ExecutionRecord? { newestByStage[stage] }
    var hasExecutions: Bool { !newestByStage.isEmpty }

    func newestSucceeded(_ stage: String) throws(Failure) -> ExecutionRecord? {
        try store.newestSucceeded(pipeline: pipeline, stage: stage)
    }

    func owner(ofPath path: String) throws(Failure) -> ExecutionRecord? { try store.executionOwning(path: path) }

    func succeeded(key: Digest) throws(Failure) -> [ExecutionRecord] { try store.succeededExecutions(key: key) }
    func succeeded(baseKey: Digest) throws(Failure) -> [ExecutionRecord] {
        try store.succeededExecutions(baseKey: baseKey)
    }
    func inputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath] { try store.inputs(of: execution) }
    func details(of execution: ExecutionID) throws(Failure) -> ExecutionDetails? { try store.details(of: execution) }

    func discovered(_ set: DiscoveredSetID) throws(Failure) -> [RecordedPath] {
        if let known = discoveredBySet[set] { return known }
        let members = try store.discovered(set)
        discoveredBySet[set] = members
        return members
    }

    func kept(_ output: Output, madeBy execution: ExecutionID) -> Fingerprint? {
        guard keptExecutions.contains(execution) else { return nil }
        return (try? workspace.fingerprint(of: area.keptPath(output.path, madeBy: execution), scope: output.scope))
            ?? nil
    }

    func kept(_ output: Output, readAs input: Input, madeBy execution: ExecutionID) -> Fingerprint? {
        // Links lead elsewhere from where the version is kept.
        guard keptExecutions.contains(execution), input.exclusions.patterns.isEmpty,
            input.exclusions.leavesOutNoise || output.scope.exclusions == .none,
            let found = try? workspace.contents(
                at: area.keptPath(output.path, madeBy: execution), scope: output.scope), found.isPlain
        else { return nil }
        return found.fingerprint
    }

    /// Executions of a stage whose outputs are kept, those that were in place last first.
    func keptExecutions(of stage: String) throws(Failure) -> [(id: ExecutionID, state: ExecutionState)] {
        // Each is looked up once: a rerun of all stages would otherwise look all of them up after each.
        for id in unsortedKept {
            if let owner = try store.stage(of: id), owner.pipeline == pipeline {
                keptByStage[owner.stage, default: []].insert(id)
            }
        }
        unsortedKept.removeAll()
        var result: [(id: ExecutionID, state: ExecutionState)] = []
        let kept = keptByStage[stage, default: []].filter(keptExecutions.contains)
        for id in kept.count < 2 ? Array(kept) : area.byTimeInPlace(kept) {
            if let owner = try store.stage(of: id) { result.append((id, owner.state)) }
        }
        return result
    }

    func started(_ record: ExecutionRecord) { newestByStage[record.stage] = record }
    func becameCurrent(_ record: ExecutionRecord, for stage: String) { currentByStage[stage] = record }
    func keptNow(_ execution: ExecutionID) {
        if keptExecutions.insert(execution).inserted { unsortedKept.insert(execution) }
    }
    func droppedKept(_ execution: ExecutionID) { keptExecutions.remove(execution) }
}

/// The disk, as the planner sees it.
struct DiskFacts: FileFacts {
    struct Question: Hashable {
        let path: String
        let mode: DigestMode
    }

    /// What was found at a path.
    struct Seen {
        let scope: DigestScope
        let contents: PathContents?

        /// Whether another scope would find the same.
        func answers(_ asked: DigestScope) -> Bool {
            guard let contents, contents.fingerprint.kind != .content, scope != asked else { return true }
            return contents.isPlain && asked.exclusions.patterns.isEmpty
                && (scope.exclusions.leavesOutNoise || !asked.exclusions.leavesOutNoise)
        }
    }

    let workspace: Workspace
    /// What was looked at a moment ago and is not looked at again.
    var seen: [Question: Seen] = [:]

    func fingerprint(of path: String, scope: DigestScope) throws(Failure) -> Fingerprint? {
        if let known = seen[Question(path: path, mode: scope.mode)], known.answers(scope) {
            return known.contents?.fingerprint
        }
        return try asFailure { () throws(WorkspaceFailure) in try workspace.fingerprint(of: path, scope: scope) }
    }

    func matches(of pattern: String, exclusions: Exclusions) throws(Failure) -> [String] {
        try asFailure { () throws(WorkspaceFailure) in try workspace.matches(of: pattern, exclusions: exclusions) }
    }
}

/// A path that cannot be read or moved stops the run, as a store that cannot be used does.
func asFailure<T>(_ body: () throws(WorkspaceFailure) -> T) throws(Failure) -> T {
    do { return try body() } catch { throw Failure(.workspace, error.description) }
}
