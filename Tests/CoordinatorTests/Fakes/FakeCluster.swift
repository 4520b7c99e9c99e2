// A cluster without processes: jobs that wait, run and end by a clock of the test's own, and go on while no coordinator
// is there. Knows tokens; asserts that none is started twice, and that a stage never runs twice at a time.

import CLinux
import EngineAPI
import Glibc
import Model
import Synchronization
import Testing

@testable import Coordinator

/// What becomes of a job.
struct JobPlan: Sendable {
    enum End: Sendable {
        case exit(Int32)
        /// A limit of its launch ends it.
        case stopped(StopCause)
        case lost
        case rejected
    }

    var queuedSeconds = 0.0
    var runSeconds = 1.0
    /// The most that it uses.
    var memoryBytes: Int64 = 0
    var end = End.exit(0)
    /// Written, with the stage's name in them, just before it ends with 0. Absolute.
    var outputs: [String] = []
    /// Gets one point just before it ends. Absolute.
    var metricsPath: String?

    /// What becomes of it within the limits of the launch.
    func within(_ launch: Launch) -> JobPlan {
        var plan = self
        plan.metricsPath = launch.environment.first { $0.hasPrefix("RUNS_METRICS=") }.map { String($0.dropFirst(13)) }
        if let limit = launch.memoryLimitBytes, memoryBytes > limit { plan.end = .stopped(.memoryLimit) }
        if let limit = launch.timeoutSeconds, runSeconds > limit {
            plan.runSeconds = limit
            plan.end = .stopped(.timeout)
        }
        return plan
    }
}

/// A job as the cluster knows it.
struct Job: Sendable {
    enum State: Sendable { case queued, running, ended }

    let stage: String
    let token: String
    var execution: ExecutionID
    let plan: JobPlan
    let submittedAt: Timestamp
    var state = State.queued
    var startedAt: Timestamp?
    /// Being ended: at that time.
    var killAt: Timestamp?
}

final class FakeCluster: Sendable {
    struct State {
        var now: Timestamp
        var jobs: [String: Job] = [:]
        /// In the order of submission.
        var order: [String] = []
        var events: [EngineEvent] = []
        /// By execution: cluster events go to this engine alone.
        var attached: FakeEngine.Attachment?
        var problems: [String] = []
        var killed = Set<String>()
        var planner: @Sendable (_ launch: Launch) -> JobPlan
    }

    let state: Mutex<State>

    init(now: Timestamp, plan: @escaping @Sendable (Launch) -> JobPlan) {
        state = Mutex(State(now: now, planner: plan))
    }

    var jobs: [Job] { state.withLock { state in state.order.compactMap { state.jobs[$0] } } }
    var problems: [String] { state.withLock { $0.problems } }

    /// When something happens next.
    var nextEventAt: Timestamp? { state.withLock { $0.nextEventAt } }

    /// Lets time pass. Events go to the engine that is attached.
    func advance(to time: Timestamp) { state.withLock { $0.advance(to: time) } }

    /// Ends everything at once, as a machine that is switched off.
    func kill() {
        state.withLock { state in
            for token in state.order where state.jobs[token]?.state != .ended {
                state.jobs[token]?.state = .ended
                state.killed.insert(token)
            }
        }
    }

    /// Tokens of jobs that were running or queued when everything was ended at once.
    var killed: Set<String> { state.withLock { $0.killed } }
}

extension FakeCluster.State {
    var nextEventAt: Timestamp? {
        jobs.values.compactMap { next(of: $0) }.min()
    }

    private func next(of job: Job) -> Timestamp? {
        switch job.state {
        case .ended: nil
        case .queued: [job.submittedAt.adding(seconds: job.plan.queuedSeconds), job.killAt].compactMap { $0 }.min()
        case .running:
            [job.startedAt?.adding(seconds: job.plan.runSeconds), job.killAt].compactMap { $0 }.min()
        }
    }

    mutating func advance(to time: Timestamp) {
        while let (token, at) = order.compactMap({ token in jobs[token].flatMap(next).map { (token, $0) } })
            .min(by: { $0.1 < $1.1 }), at <= time
        {
            now = max(now, at)
            step(token)
        }
        now = max(now, time)
    }

    private mutating func step(_ token: String) {
        guard var job = jobs[token] else { return }
        if let killAt = job.killAt, killAt <= now {
            job.state = .ended
            jobs[token] = job
            let exit: Exit = job.startedAt == nil ? .notStarted("cancelled in the queue") : .signal(15)
            return report(token, .ended(job.execution, EngineOutcome(exit: exit, usage: Usage(wallSeconds: 0))))
        }
        if job.state == .queued {
            if case .rejected = job.plan.end {
                job.state = .ended
                jobs[token] = job
                return report(token, .rejected(job.execution, reason: "the request cannot be met"))
            }
            if jobs.values.contains(where: { $0.stage == job.stage && $0.state == .running }) {
                problems.append("two jobs of \(job.stage) at a time")
            }
            job.state = .running
            job.startedAt = now
            jobs[token] = job
            return report(token, .started(job.execution, started(job)))
        }
        job.state = .ended
        jobs[token] = job
        report(token, end(job))
    }

    private func started(_ job: Job) -> StartedExecution {
        StartedExecution(host: "node1", startedAt: job.startedAt, devices: [])
    }

    /// How a job ended by itself.
    private func end(_ job: Job) -> EngineEvent {
        let usage = Usage(wallSeconds: job.plan.runSeconds)
        switch job.plan.end {
        case .exit(let code):
            if code == 0 {
                for path in job.plan.outputs { write(job.stage, to: path) }
                if let path = job.plan.metricsPath { write("{\"step\": 1, \"loss\": 0.5}\n", to: path) }
            }
            return .ended(job.execution, EngineOutcome(exit: .code(code), usage: usage))
        case .stopped(let cause):
            return .ended(job.execution, EngineOutcome(exit: .signal(15), stopCause: cause, usage: usage))
        case .lost: return .lost(job.execution, reason: "its node failed")
        case .rejected: return .rejected(job.execution, reason: "the request cannot be met")
        }
    }

    private func write(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    private mutating func report(_ token: String, _ event: EngineEvent) {
        if let attached, attached.tokens.contains(token) { put(event) }
    }

    mutating func put(_ event: EngineEvent) {
        events.append(event)
        guard let attached else { return }
        var one: UInt64 = 1
        _ = Glibc.write(attached.descriptor, &one, 8)
    }

    /// Accepts a launch.
    mutating func submit(_ launch: Launch) {
        guard jobs[launch.token] == nil else {
            problems.append("\(launch.stage) was submitted twice under one token")
            return
        }
        attached?.tokens.insert(launch.token)
        let job = Job(
            stage: launch.stage, token: launch.token, execution: launch.executionID,
            plan: planner(launch).within(launch),
            submittedAt: now)
        jobs[launch.token] = job
        order.append(launch.token)
        put(.submitted(launch.executionID, job: "job-\(order.count)"))
    }

    /// Reports all that is known of a job to a coordinator that takes it over.
    mutating func reattach(_ reference: JobReference) {
        guard var job = jobs[reference.token] else {
            return put(.lost(reference.executionID, reason: "it was never submitted"))
        }
        attached?.tokens.insert(reference.token)
        job.execution = reference.executionID
        jobs[reference.token] = job
        if job.startedAt != nil { put(.started(job.execution, started(job))) }
        guard job.state == .ended else { return }
        if job.killAt != nil {
            put(.ended(job.execution, EngineOutcome(exit: .signal(15), usage: Usage(wallSeconds: 0))))
        } else {
            put(end(job))
        }
    }

    mutating func cancel(_ id: ExecutionID, graceSeconds: Double) {
        guard let token = order.last(where: { jobs[$0]?.execution == id }), let job = jobs[token], job.state != .ended
        else { return }
        let at = now.adding(seconds: job.state == .queued ? 0 : min(graceSeconds, 0.5))
        jobs[token]?.killAt = min(job.killAt ?? at, at)
    }
}

/// One coordinator's way to the cluster.
final class FakeEngine: Engine {
    struct Attachment: Sendable {
        let descriptor: Int32
        var tokens = Set<String>()
    }

    let name = "fake"
    let admission: Admission
    let outlivesCoordinator: Bool
    let sharedDevices: (any SharedDevices)? = nil
    let descriptor: Int32
    private let cluster: FakeCluster
    private let isDead = Mutex(false)

    init(_ cluster: FakeCluster, admission: Admission, outlivesCoordinator: Bool) {
        self.cluster = cluster
        self.admission = admission
        self.outlivesCoordinator = outlivesCoordinator
        descriptor = clinux_eventfd()
        precondition(descriptor >= 0)
    }

    deinit { Glibc.close(descriptor) }

    /// Its coordinator has ended without a word.
    func die() {
        isDead.withLock { $0 = true }
        detach()
        if !outlivesCoordinator { cluster.kill() }
    }

    private func detach() {
        cluster.state.withLock { state in
            if state.attached?.descriptor == descriptor { state.attached = nil }
            state.events = []
        }
    }

    func open() throws(Failure) {
        cluster.state.withLock { $0.attached = Attachment(descriptor: descriptor) }
    }

    func submit(_ batch: [Launch]) {
        if isDead.withLock({ $0 }) { return }
        cluster.state.withLock { state in for launch in batch { state.submit(launch) } }
    }

    func reattach(_ jobs: [JobReference]) {
        cluster.state.withLock { state in for job in jobs { state.reattach(job) } }
    }

    func cancel(_ ids: [ExecutionID], graceSeconds: Double) {
        cluster.state.withLock { state in for id in ids { state.cancel(id, graceSeconds: graceSeconds) } }
    }

    func takeEvents() -> [EngineEvent] {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return cluster.state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    func close(_ mode: CloseMode) {
        if isDead.withLock({ $0 }) { return }
        if mode == .cancelAll { cluster.kill() }
        detach()
    }
}
