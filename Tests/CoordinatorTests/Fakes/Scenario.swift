// A pipeline of stages without processes, and coordinators that come and go on one store and one cluster.

import EngineAPI
import Foundation
import Model
import Planner
import Testing

@testable import Coordinator

/// A stage of a scenario: it reads the outputs of earlier ones and writes one file.
struct ScenarioStage: Sendable {
    var name: String
    var after: [StageIndex] = []
    var change: @Sendable (inout Stage) -> Void = { _ in }
}

final class Scenario {
    let root: String
    private(set) var graph: Graph
    private let stages: [ScenarioStage]
    let database = FakeDatabase()
    let cluster: FakeCluster
    let outlivesCoordinator: Bool
    private let admission: Admission
    /// By stage and attempt: what becomes of its job.
    private let plans: PlanTable
    var keepGoing = false
    /// What the last coordinator reported.
    private(set) var events: [RunEvent.Kind] = []
    private var time = Timestamp(microseconds: 1_700_000_000_000_000)

    final class PlanTable: Sendable {
        let plan: @Sendable (_ stage: String, _ attempt: Int) -> JobPlan
        init(_ plan: @escaping @Sendable (String, Int) -> JobPlan) { self.plan = plan }
    }

    /// - Parameter plan: what becomes of the nth job of a stage, from 1.
    init(
        _ stages: [ScenarioStage], admission: Admission = .inFlight(100, counted: [:]),
        outlivesCoordinator: Bool = true, plan: @escaping @Sendable (_ stage: String, _ attempt: Int) -> JobPlan
    ) throws {
        var template = Array("\(NSTemporaryDirectory())runs-scenario-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template).map { String(cString: $0) })
        root = made
        try FileManager.default.createDirectory(atPath: "\(made)/.runs", withIntermediateDirectories: true)
        self.admission = admission
        self.outlivesCoordinator = outlivesCoordinator
        plans = PlanTable(plan)
        self.stages = stages
        graph = Self.graph(of: stages)
        let (plans, folder) = (plans, root)
        cluster = FakeCluster(now: time) { launch in
            let attempt = launch.environment.first { $0.hasPrefix("RUNS_ATTEMPT=") }.flatMap { Int($0.dropFirst(13)) }
            var plan = plans.plan(launch.stage, attempt ?? 1)
            plan.outputs = ["\(folder)/\(launch.stage).txt"]
            return plan
        }
    }

    private static func graph(of stages: [ScenarioStage]) -> Graph {
        Graph(
            pipeline: "p",
            stages: stages.map { entry in
                var stage = Stage(
                    name: entry.name, template: entry.name, command: .argv(["make", entry.name]),
                    inputs: entry.after.map { Input(name: stages[$0].name, path: "\(stages[$0].name).txt") },
                    outputs: [Output(name: "out", path: "\(entry.name).txt")])
                entry.change(&stage)
                return stage
            }, predecessors: stages.map(\.after), producers: stages.map { $0.after.map { [$0] } },
            defaultTargets: Array(stages.indices), capacity: [:])
    }

    /// The pipeline has that stage no longer. No other may need it.
    func remove(stage: String) throws {
        graph = Self.graph(of: stages.filter { $0.name != stage })
    }

    func write(_ text: String, to path: String) {
        try? text.write(toFile: "\(root)/\(path)", atomically: false, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// One `runs exec`, from its beginning to its end, whatever that is.
    ///
    /// - Parameters:
    ///   - signals: seconds after its beginning, and signals.
    ///   - signalBeforeWait: the number of a wait, and a signal.
    ///   - backgroundWaits: how many waits digesting takes.
    ///   - beforeWait: what happens while it waits for the nth time.
    /// - Returns: how it ended; nil where it died at a commit, or another took its run over.
    @discardableResult
    func coordinate(
        crash: Crash? = nil, signals: [(after: Double, signal: Int32)] = [], signalBeforeWait: (Int, Int32)? = nil,
        backgroundWaits: Int = 0, beforeWait: @escaping (Int) -> Void = { _ in }
    ) throws -> RunOutcome? {
        events = []
        let store = FakeStore(database, crash: crash)
        let engine = FakeEngine(cluster, admission: admission, outlivesCoordinator: outlivesCoordinator)
        store.onCrash = { engine.die() }
        let begin = time
        let driver = FakeDriver(
            cluster, now: begin, signals: signals.map { (begin.adding(seconds: $0.after), $0.signal) },
            backgroundWaits: backgroundWaits)
        driver.beforeWait = { [unowned driver] wait in
            if let (number, signal) = signalBeforeWait, number == wait { driver.raise(signal) }
            beforeWait(wait)
        }
        defer { time = driver.now() }
        do throws(Failure) {
            let lostRuns = LostRuns(
                store: store, root: root, surviving: outlivesCoordinator ? [engine.name] : [], endProcesses: { _ in 0 })
            try lostRuns.clear(now: driver.now())
            var options = RunRequest.Options()
            options.keepGoing = keepGoing
            options.enforceMemory = true
            let everything = [Bool](repeating: true, count: graph.stages.count)
            let request = RunRequest(
                graph: graph, root: root,
                selection: Selection(isSelected: everything, isForced: everything.map { _ in false }),
                options: options, admission: admission, environment: [:])
            let preparation = try RunPreparation(request, store: store)
            let run = try Run(
                preparation, cachedPlan: nil, lostRuns: lostRuns, engine: engine, driver: driver
            ) { [unowned self] in events.append($0.kind) }
            let labels = RunLabels(
                pipelinePath: "pipeline.json", commandLine: "runs exec", engine: engine.name, user: "someone",
                checkout: nil, machine: Self.machine, tags: [], notes: [])
            return try run.execute(
                labels: labels, warnings: [],
                provenance: ProvenanceQuestions(
                    atStart: { _ in DeferredProvenance(machine: Self.machine, isDirty: nil, diff: nil) },
                    withMore: { $1 }), tick: {})
        } catch {
            guard store.isDead || error.message.contains("taken over") else { throw error }
            return nil
        }
    }

    private static let machine = Machine(kernel: "Linux", cpuModel: nil, cpuCount: 2, memoryBytes: 1)

    // MARK: - What came of it

    func states(of stage: String) -> [ExecutionState] { database.rows.executions(ofStage: stage).map(\.state) }
    func jobs(of stage: String) -> [Job] { cluster.jobs.filter { $0.stage == stage } }

    /// Holds after every coordinator that ended in an orderly way.
    func checkInvariants(_ comment: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let comment = Comment(rawValue: comment)
        #expect(cluster.problems == [], comment, sourceLocation: sourceLocation)
        let rows = database.rows
        for row in rows.executions.values {
            #expect(
                row.state.isFinal, "execution \(row.id) of \(row.start.stage): \(comment)",
                sourceLocation: sourceLocation)
        }
        for run in rows.runs.values { #expect(run.status != .running, comment, sourceLocation: sourceLocation) }
        let tokens = Dictionary(rows.executions.values.map { ($0.start.token, $0) }, uniquingKeysWith: { a, _ in a })
        for job in cluster.jobs {
            #expect(job.state == .ended, "\(job.stage) still runs: \(comment)", sourceLocation: sourceLocation)
            guard let row = tokens[job.token] else {
                Issue.record("a job of \(job.stage) has no row: \(comment)", sourceLocation: sourceLocation)
                continue
            }
            if cluster.killed.contains(job.token) || job.killAt != nil { continue }
            if case .exit(0) = job.plan.end {
                // Where nothing outlives the coordinator, a success that it did not record is lost with it.
                if row.state == .lost, !outlivesCoordinator { continue }
                #expect(row.state == .succeeded, "\(job.stage): \(comment)", sourceLocation: sourceLocation)
                #expect(row.metrics.count == 1, "metrics of \(job.stage): \(comment)", sourceLocation: sourceLocation)
            }
        }
    }
}
