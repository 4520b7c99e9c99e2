// What the coordinator needs of a place where commands run: it submits launches and takes events. The scheduler,
// retries and staleness do not know which engine it is. Knows executions by id; does not know the store, the planner or
// stages.

import Model

/// Runs commands somewhere: on this machine, on a cluster.
///
/// No function waits, but for `open` and `close`; results arrive as events. For each launch there is either one
/// `rejected`, or one `ended`, or one `lost`, and nothing after it.
public protocol Engine: AnyObject, Sendable {
    /// As it is recorded: `local`.
    var name: String { get }
    /// How many executions the coordinator may hand over at a time.
    var admission: Admission { get }
    /// Devices that runs of other programs use too; nil where the engine itself shares them out.
    var sharedDevices: (any SharedDevices)? { get }
    /// Whether executions go on when the coordinator is gone, so that another one can `reattach` to them.
    var outlivesCoordinator: Bool { get }
    /// Readable while there are events to take; -1 when the last event has been taken.
    var descriptor: Int32 { get }

    /// Starts whatever the engine needs. Called once, before anything else but the properties above, and only where
    /// something has to run.
    ///
    /// - Throws: a `Failure` of kind `engine`.
    func open() throws(Failure)

    /// Hands over executions. A token that was submitted before is not submitted again.
    func submit(_ batch: [Launch])

    /// Takes over executions that an earlier coordinator submitted: events follow as if they had been submitted here.
    /// What the engine does not know, because it was never submitted, is reported as `lost`.
    func reattach(_ jobs: [JobReference])

    /// Ends executions: TERM now, KILL after the grace period. Repeated with less, it shortens the wait. Unknown ones
    /// are ignored.
    func cancel(_ ids: [ExecutionID], graceSeconds: Double)

    /// What happened since the last call, in order.
    func takeEvents() -> [EngineEvent]

    /// Ends the use of the engine. With `cancelAll` it returns when nothing that was submitted runs any more.
    func close(_ mode: CloseMode)
}

/// Who decides what may start.
public enum Admission: Sendable, Hashable {
    /// The coordinator counts what is free of these totals, and starts what fits.
    case pool(Capacity)
    /// The engine has a queue of its own: at most this many executions are handed over at a time. Counted resources
    /// that the pipeline defines are counted by the coordinator all the same.
    case inFlight(Int, counted: [String: Quantity])
}

/// What becomes of the executions of an engine that is closed.
public enum CloseMode: Sendable, Hashable {
    /// They are ended.
    case cancelAll
    /// They go on; another coordinator takes over.
    case detach
}

/// An execution that was submitted by an earlier coordinator.
public struct JobReference: Sendable, Hashable {
    public let executionID: ExecutionID
    /// The random token that its launch had.
    public let token: String
    /// The engine's own id of it, where it was recorded.
    public let job: String?
    public init(executionID: ExecutionID, token: String, job: String?) {
        self.executionID = executionID
        self.token = token
        self.job = job
    }
}

/// A fact that an engine reports.
public enum EngineEvent: Sendable {
    /// The engine has accepted the execution and calls it by this id.
    case submitted(ExecutionID, job: String)
    /// It was refused, or its command could not be started: nothing of it runs. The reason is a sentence without a
    /// period.
    case rejected(ExecutionID, reason: String)
    /// Its command runs.
    case started(ExecutionID, StartedExecution)
    /// Its command has ended, and nothing of it runs any more.
    case ended(ExecutionID, EngineOutcome)
    /// How it ended is unknown, and nothing of it runs any more. It may be executed again.
    case lost(ExecutionID, reason: String)
    /// The engine does not answer at the moment; nothing is decided by that.
    case unavailable(String)
    /// It answers again. Any other event means that as well.
    case available
    /// The engine has failed: nothing can be submitted any more. Its executions are reported as lost after this.
    case failed(String)
}

/// Where and when a command was started.
public struct StartedExecution: Sendable, Hashable {
    /// nil: the coordinator's own.
    public let host: String?
    /// nil: now.
    public let startedAt: Timestamp?
    /// Names of the devices that the engine gave it; empty where the coordinator did.
    public let devices: [String]
    public init(host: String? = nil, startedAt: Timestamp? = nil, devices: [String] = []) {
        self.host = host
        self.startedAt = startedAt
        self.devices = devices
    }
}

/// How an execution's processes ended.
public struct EngineOutcome: Sendable {
    public let exit: Exit
    /// Why the engine ended them, where it did so by itself: the timeout or the memory limit of the launch.
    public let stopCause: StopCause?
    public let usage: Usage
    /// Processes that the main process left behind and that had to be ended.
    public let leftoverProcesses: Int
    /// The kernel counted an out-of-memory kill while it ran.
    public let sawOutOfMemoryKill: Bool
    public let gpuSamples: [GPUSample]
    public init(
        exit: Exit, stopCause: StopCause? = nil, usage: Usage, leftoverProcesses: Int = 0,
        sawOutOfMemoryKill: Bool = false, gpuSamples: [GPUSample] = []
    ) {
        self.exit = exit
        self.stopCause = stopCause
        self.usage = usage
        self.leftoverProcesses = leftoverProcesses
        self.sawOutOfMemoryKill = sawOutOfMemoryKill
        self.gpuSamples = gpuSamples
    }
}
