// Where commands run. An engine takes a batch of launches and has events to take; the scheduler, retries and staleness
// know nothing of which engine it is. `LocalEngine` runs them here; Slurm and Ray come behind the same protocol.

import Model

/// One attempt, ready to be started.
public struct Launch: Sendable {
    public let executionID: ExecutionID
    public let stage: String
    public let arguments: [String]
    /// Executed in place of `arguments`, which are a shell's, where that is possible.
    public let plainWords: [String]?
    /// Absolute.
    public let workingDirectory: String
    /// The complete environment, `NAME=value`.
    public let environment: [String]
    /// Absolute; its folder exists.
    public let logPath: String
    /// What marks the processes of this execution, also in `environment`.
    public let token: String
    /// Seconds between TERM and KILL for what the main process leaves behind.
    public let graceSeconds: Double
    public let gpus: GPUGrant
    public init(
        executionID: ExecutionID, stage: String, arguments: [String], plainWords: [String]?, workingDirectory: String,
        environment: [String], logPath: String, token: String, graceSeconds: Double, gpus: GPUGrant
    ) {
        self.executionID = executionID
        self.stage = stage
        self.arguments = arguments
        self.plainWords = plainWords
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.logPath = logPath
        self.token = token
        self.graceSeconds = graceSeconds
        self.gpus = gpus
    }
}

/// Which GPUs an execution's processes may use.
public enum GPUGrant: Hashable, Sendable {
    /// None: the variable hides them.
    case hidden
    /// The stage said nothing; its processes see this CUDA_VISIBLE_DEVICES.
    case untouched(String?)
    /// UUIDs; `isExclusive`: as far as runs on this host are concerned, nobody else uses them.
    case given([String], isExclusive: Bool)
}

/// What an engine tells.
public enum EngineEvent: Sendable {
    case finished(ExecutionID, EngineOutcome)
    /// The engine itself is gone; nothing that it ran will be heard of again.
    case engineLost(String)
}

/// How an execution's processes ended.
public struct EngineOutcome: Sendable {
    public let exit: Exit
    public let usage: Usage
    /// Processes that the main process left behind and that had to be ended.
    public let leftoverProcesses: Int
    /// The kernel counted an out-of-memory kill while it ran.
    public let sawOutOfMemoryKill: Bool
    public let gpuSamples: [GPUSample]
    public init(
        exit: Exit, usage: Usage, leftoverProcesses: Int, sawOutOfMemoryKill: Bool, gpuSamples: [GPUSample] = []
    ) {
        self.exit = exit
        self.usage = usage
        self.leftoverProcesses = leftoverProcesses
        self.sawOutOfMemoryKill = sawOutOfMemoryKill
        self.gpuSamples = gpuSamples
    }
}

/// Runs commands somewhere.
public protocol Engine: Sendable {
    /// As it is recorded: `local`.
    var name: String { get }
    /// Readable while there are events to take; -1 once no more will come.
    var descriptor: Int32 { get }
    /// What happened since the last call, in order; waits for nothing.
    func takeEvents() -> [EngineEvent]
    func launch(_ batch: [Launch])
    /// TERM now, KILL after the grace period; a shorter grace than before shortens the wait.
    func stop(_ execution: ExecutionID, graceSeconds: Double)
    /// Peak memory of an execution's processes so far, in bytes, where it is known.
    func peakMemoryBytes(of execution: ExecutionID) -> Int64?
    /// Ends whatever still runs and returns when none is left.
    func shutDown()
}
