// Everything before the first process: files are looked at, every stage is evaluated, and what would make the run fail
// for certain is refused. `exec`, `--dry-run`, `status` and `why` share it.

import EngineAPI
import Model
import Planner
import Workspace

/// A pipeline, its folder, and what was asked for.
public struct RunRequest: Sendable {
    public struct Options: Sendable {
        /// Most executions at a time; nil: as the resources allow.
        public var jobs: Int?
        public var keepGoing = false
        /// Seconds between TERM and KILL.
        public var graceSeconds = 10.0
        public var rehash = false
        public var mayRestore = true
        /// Whether files that no execution made may be moved aside.
        public var overwrite = false
        /// Whether persistent outputs stay although the key changed.
        public var resume = false
        public var enforceMemory = false
        /// How often the forced stages are executed; nil: once, and not marked as repeats.
        public var repeats: Int?
        public init() {}
    }

    public var graph: Graph
    /// Absolute: the pipeline's folder, which holds `.runs`.
    public var root: String
    public var selection: Selection
    public var options: Options
    /// The engine's.
    public var admission: Admission
    /// The caller's environment.
    public var environment: [String: String]
    /// The graph is a part of the pipeline: only its stages and paths are looked up in the store.
    public var isPart = false

    public init(
        graph: Graph, root: String, selection: Selection, options: Options, admission: Admission,
        environment: [String: String]
    ) {
        self.graph = graph
        self.root = root
        self.selection = selection
        self.options = options
        self.admission = admission
        self.environment = environment
    }
}

/// An evaluated pipeline, ready to run.
public final class RunPreparation {
    public let request: RunRequest
    public let plan: Plan
    let store: any RunStore
    let workspace: Workspace
    let history: History
    let rule: StalenessRule<History>
    /// Hides secrets in what is recorded and shown.
    public let redaction: Redaction
    let area: OutputArea
    let medians: [String: Double]
    /// The newest run that there was before anything was looked at.
    private let newestRun: RunID?
    private let commitsOfOthers: Int64
    /// Of paths that no input names.
    let makers: MakerIndex

    /// Looks at the files and the store, and evaluates every selected stage. Writes nothing.
    public init(_ request: RunRequest, store: any RunStore) throws(Failure) {
        self.request = request
        self.store = store
        let graph = request.graph
        commitsOfOthers = try store.commitsOfOthers()
        newestRun = try store.newestRun()
        area = OutputArea(root: request.root)
        let isPart = request.isPart
        var paths = graph.stages.flatMap { $0.inputs.map(\.path) + $0.outputs.map(\.path) }
        let stages = isPart ? graph.stages.map(\.name) : nil
        if let stages { paths += try store.discoveredPaths(pipeline: graph.pipeline, of: stages) }
        makers = MakerIndex(graph)
        workspace = Workspace(
            root: request.root, cache: try store.cachedDigests(of: isPart ? paths : nil),
            ignoresCache: request.options.rehash)
        history = try History(store: store, pipeline: graph.pipeline, stages: stages, area: area, workspace: workspace)
        let environment = request.environment
        redaction = Redaction(graph.secrets, salt: store.salt) { environment[$0] }
        rule = StalenessRule(history: history, mayRestore: request.options.mayRestore, redaction: redaction)
        medians = try store.medianWallSeconds(pipeline: graph.pipeline, of: stages)
        let seen = try Self.digestAhead(graph, request.selection, workspace, history)
        let salt = store.salt
        plan = try Planner.plan(
            graph, makers: makers, selection: request.selection, rule: rule,
            files: DiskFacts(workspace: workspace, seen: seen),
            history: history,
            environment: { Planner.recordedEnvironment(of: $0, salt: salt) { request.environment[$0] } })
    }

    /// The digests found that later commands may trust.
    public func takeNewDigests() -> [DigestCacheEntry] { workspace.takeNewEntries() }

    /// Whether no other run began since everything was looked at.
    func isNext(_ run: RunID) -> Bool { run.value == (newestRun?.value ?? 0) + 1 }

    /// Whether no other program wrote to the store since it was looked at: no run ended, no result was reviewed.
    func isStoreUntouched() throws(Failure) -> Bool { try store.commitsOfOthers() == commitsOfOthers }

    /// Reads on all cores what the evaluation will ask for one by one. Problems are met again, and reported, there.
    ///
    /// - Returns: what was found, and where nothing exists. The evaluation looks at no path twice, above all at no
    ///   large folder.
    private static func digestAhead(
        _ graph: Graph, _ selection: Selection, _ workspace: Workspace, _ history: History
    ) throws(Failure) -> [DiskFacts.Question: DiskFacts.Seen] {
        var paths: [(path: String, scope: DigestScope)] = []
        var sets = Set<DiscoveredSetID>()
        for (index, stage) in graph.stages.enumerated() where selection.isSelected[index] {
            let record = stage.outputs.isEmpty ? history.newest(stage.name) : history.current(stage.name)
            if let set = record?.discovered { sets.insert(set) }
            for output in stage.outputs { paths.append((output.path, output.scope)) }
            for (position, input) in stage.inputs.enumerated()
            where !input.isGlob && graph.producers[index][position].isEmpty {
                paths.append((input.path, input.scope))
            }
        }
        for set in sets {
            for member in try history.discovered(set) where member.fingerprint.kind != .metadata {
                paths.append((member.path, DigestScope(discovered: member.path, .content)))
            }
        }
        let requests = paths
        let results = try awaited { await workspace.contents(of: requests) }
        var seen: [DiskFacts.Question: DiskFacts.Seen] = [:]
        seen.reserveCapacity(results.count)
        for (request, result) in zip(requests, results) {
            guard case .success(let found) = result else { continue }
            let question = DiskFacts.Question(path: request.path, mode: request.scope.mode)
            seen[question] = DiskFacts.Seen(scope: request.scope, contents: found)
        }
        return seen
    }

    /// What would make the run fail for certain.
    public func obstacles() throws(Failure) -> Obstacles {
        var obstacles = Obstacles()
        let pool = ResourcePool(request.admission)
        let living = plan.missingInputs.isEmpty ? [] : try livingRuns(in: store, root: request.root)
        var foldersInside = Set<Substring>()
        let hasStandardShell = Shell.installed(callersPath: request.environment["PATH"]) != nil
        let inheritedBytes = request.environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 10 }
        for (index, stage) in request.graph.stages.enumerated() {
            let verdict = plan.decisions[index].verdict
            let absent = plan.missingInputs[index] ?? []
            let places = absent.isEmpty ? [:] : Self.places(of: stage.inputs)
            for missing in absent
            // A run that is alive may be making it: that is waited for.
            where !living.contains(where: { $0.overlapping(missing.path) { $0 == .changing } != nil }) {
                let place = places[missing.path]
                obstacles.add(
                    stage, .missingInput(place ?? 0), sentence(for: missing, at: place, of: index))
            }
            guard verdict == .run || verdict == .mayRun else { continue }
            for (resource, phrase) in pool.impossibilities(of: stage.resources) {
                obstacles.add(stage, .resource(resource), phrase)
            }
            if stage.needsStandardShell, !hasStandardShell {
                obstacles.add(stage, .shell, Self.noStandardShell)
            }
            if let phrase = stage.lengthProblem(inherited: inheritedBytes) { obstacles.add(stage, .length, phrase) }
            // A folder that cannot be looked at may be repaired by an earlier stage; else the launch reports it.
            if let stray = try? strayOutput(of: stage, foldersInside: &foldersInside) {
                obstacles.add(stage, .strayOutput, stray)
            }
            if verdict == .run, !request.options.overwrite {
                for (place, output) in stage.outputs.enumerated() where try isForeign(output.path) {
                    obstacles.add(
                        stage, .foreignOutput(place),
                        "output '\(output.path)' exists but was not made by any execution; move it away, or use "
                            + "--overwrite to move it to .runs/kept")
                }
            }
        }
        return obstacles
    }

    /// What is wrong with the first output that links among its parent folders lead out of the project, without being
    /// declared external, or into the program's own folder.
    ///
    /// - Parameter foldersInside: parent folders that were found to be inside; they are not looked at again.
    func strayOutput(of stage: Stage, foldersInside: inout Set<Substring>) throws(WorkspaceFailure) -> String? {
        for output in stage.outputs {
            let folder = output.path.lastIndex(of: "/").map { output.path[..<$0] } ?? ""
            if !output.isExternal, foldersInside.contains(folder) { continue }
            if try area.entersStateDirectory(output.path) {
                return "output '\(output.path)' leads into .runs, which belongs to this program; choose another path"
            }
            if output.isExternal { continue }
            guard try area.leavesFolder(output.path) else {
                foldersInside.insert(folder)
                continue
            }
            return "output '\(output.path)' is outside the project: its folder '\(folder)' leads out of it through a "
                + "link; move it inside, or add \"external\": true to the output"
        }
        return nil
    }

    /// The verdict on a stage by these facts, by what is on disk now and by the verdicts on the stages before it.
    func evaluate(
        _ index: StageIndex, facts: StageFacts, isForced: Bool, _ decisions: [Decision]
    ) throws(Failure) -> Decision {
        let sets = discoveredSets()
        return try rule.evaluate(request.graph.stages[index], facts: facts, isForced: isForced) { set throws(Failure) in
            try sets.condition(of: set, for: index, decisions)
        }
    }

    /// Whether what an execution of a stage read without naming it is as it was then.
    func holds(_ set: DiscoveredSetID?, for index: StageIndex, _ decisions: [Decision]) throws(Failure) -> Bool {
        guard let set else { return true }
        if case .holds = try discoveredSets().condition(of: set, for: index, decisions) { return true }
        return false
    }

    private func discoveredSets() -> DiscoveredSets {
        let history = history
        return DiscoveredSets(graph: request.graph, makers: makers, files: DiskFacts(workspace: workspace)) {
            set throws(Failure) in try history.discovered(set)
        }
    }

    private static let noStandardShell =
        "the command needs bash, which is not installed; install it, or choose another shell: "
        + "\"shell\": [\"sh\", \"-c\"] in the stage or in \"defaults\""

    private static func places(of inputs: [Input]) -> [String: Int] {
        Dictionary(inputs.indices.map { (inputs[$0].path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter position: of the input.
    private func sentence(for missing: MissingInput, at position: Int?, of index: StageIndex) -> String {
        if let problem = missing.problem { return "cannot read an input: \(problem)" }
        if let producer = position.flatMap({ request.graph.producers[index][$0].first }) {
            return "input '\(missing.path)' does not exist; stage '\(request.graph.stages[producer].name)' makes it: "
                + "run that first, or omit --only"
        }
        return "input '\(missing.path)' does not exist, and no stage makes it; create it, or correct the path"
    }

    /// Whether there is a file at the path that no execution made.
    func isForeign(_ path: String) throws(Failure) -> Bool {
        guard area.exists(path) else { return false }
        return try store.owner(ofPath: path) == nil
    }

    func recordedEnvironment(of stage: Stage) -> [EnvironmentVariable] {
        Planner.recordedEnvironment(of: stage, salt: store.salt) { request.environment[$0] }
    }

    /// From the medians of the stages that will or may run, over as many at a time as there are jobs; nil where none of
    /// them ever ran.
    func expectedSeconds(jobs: Int) -> Double? {
        var total = 0.0
        var isKnown = false
        for (index, stage) in request.graph.stages.enumerated() {
            let verdict = plan.decisions[index].verdict
            guard verdict == .run || verdict == .mayRun, let median = medians[stage.name] else { continue }
            total += median * (request.selection.isForced[index] ? Double(request.options.repeats ?? 1) : 1)
            isKnown = true
        }
        return isKnown ? total / Double(max(1, jobs)) : nil
    }
}
