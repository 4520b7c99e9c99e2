// One attempt at a stage's command, with everything that starting it takes.

import Model

/// An execution, ready to be started.
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
    /// Marks the processes of this execution, also in `environment`.
    public let token: String
    /// Seconds between TERM and KILL, whenever processes of it have to be ended.
    public let graceSeconds: Double
    /// Seconds from the start of the command to its end by the engine; nil: no limit.
    public let timeoutSeconds: Double?
    /// The engine ends the execution when its processes use more than this; nil: no limit.
    public let memoryLimitBytes: Int64?
    public let lease: Lease
    /// Whether other runs keep off the devices of the lease for as long as this execution lasts.
    public let holdsDevices: Bool

    public init(
        executionID: ExecutionID, stage: String, arguments: [String], plainWords: [String]?, workingDirectory: String,
        environment: [String], logPath: String, token: String, graceSeconds: Double, timeoutSeconds: Double?,
        memoryLimitBytes: Int64?, lease: Lease, holdsDevices: Bool
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
        self.timeoutSeconds = timeoutSeconds
        self.memoryLimitBytes = memoryLimitBytes
        self.lease = lease
        self.holdsDevices = holdsDevices
    }
}

/// The variable that marks every process of an execution with its token.
public let tokenVariable = "RUNS_EXECUTION_TOKEN"
