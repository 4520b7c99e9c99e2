// Events of a run, for the terminal, a log, or a program that reads JSON lines. Knows facts; does not know how they are
// shown.

/// An event of a run.
public struct RunEvent: Sendable {
    public let at: Timestamp
    public let kind: Kind
    public init(at: Timestamp, kind: Kind) {
        self.at = at
        self.kind = kind
    }

    public enum Kind: Sendable {
        case runStarted(RunStarted)
        /// The decision for a stage that is not executed now: fresh, restored, frozen, blocked.
        case stageDecided(stage: String, decision: Decision)
        case stageStarted(StageStarted)
        case stageFinished(StageFinished)
        /// Another attempt follows after `delaySeconds`.
        case stageRetrying(stage: String, nextAttempt: Int, maxAttempts: Int, delaySeconds: Double)
        /// Another run uses what the stage needs. Its ID is unknown if it only shares the machine.
        case stageWaiting(stage: String, forRun: RunID?, why: String)
        case warning(String)
        /// Something was done that the user did not ask for in this run.
        case notice(String)
        /// - Parameter forced: the second signal; everything is killed now.
        case interrupted(signal: Int32, forced: Bool)
        case runFinished(RunFinished)
    }
}

public struct RunStarted: Sendable {
    public let runID: RunID
    public let pipeline: String
    public let stagesTotal: Int
    public let stagesSelected: Int
    /// Selected stages by their first decision.
    public let willRun: Int
    public let mayRun: Int
    public let fresh: Int
    /// Estimated from the history of the stages that will or may run, at the available concurrency; nil without
    /// history.
    public let expectedSeconds: Double?
    public init(
        runID: RunID, pipeline: String, stagesTotal: Int, stagesSelected: Int, willRun: Int, mayRun: Int, fresh: Int,
        expectedSeconds: Double?
    ) {
        self.runID = runID
        self.pipeline = pipeline
        self.stagesTotal = stagesTotal
        self.stagesSelected = stagesSelected
        self.willRun = willRun
        self.mayRun = mayRun
        self.fresh = fresh
        self.expectedSeconds = expectedSeconds
    }
}

/// Which of several executions of a stage in one run (`--repeat`).
public struct Repetition: Hashable, Sendable {
    /// 1, 2, …
    public let number: Int
    /// How many were requested.
    public let count: Int
    public init(number: Int, of count: Int) {
        self.number = number
        self.count = count
    }
    public var isLast: Bool { number >= count }
}

public struct StageStarted: Sendable {
    public let stage: String
    public let executionID: ExecutionID
    /// nil: the run executes the stage once.
    public let repetition: Repetition?
    public let attempt: Int
    public let maxAttempts: Int
    public let reasons: [Reason]
    public let command: String
    public let logPath: String
    /// The median of the stage's earlier successes; nil without any.
    public let expectedSeconds: Double?
    public let resources: ResourceRequest
    public init(
        stage: String, executionID: ExecutionID, attempt: Int, maxAttempts: Int, reasons: [Reason], command: String,
        logPath: String, expectedSeconds: Double?, resources: ResourceRequest, repetition: Repetition? = nil
    ) {
        self.stage = stage
        self.executionID = executionID
        self.repetition = repetition
        self.attempt = attempt
        self.maxAttempts = maxAttempts
        self.reasons = reasons
        self.command = command
        self.logPath = logPath
        self.expectedSeconds = expectedSeconds
        self.resources = resources
    }
}

public struct StageFinished: Sendable {
    public let stage: String
    public let executionID: ExecutionID
    /// nil: the run executes the stage once.
    public let repetition: Repetition?
    public let attempt: Int
    public let state: ExecutionState
    public let exit: Exit?
    public let error: String?
    public let note: String?
    public let usage: Usage
    public let logPath: String
    /// The last lines of the log, raw, for every state except `succeeded`.
    public let logTail: [String]
    public init(
        stage: String, executionID: ExecutionID, attempt: Int, state: ExecutionState, exit: Exit?, error: String?,
        note: String?, usage: Usage, logPath: String, logTail: [String], repetition: Repetition? = nil
    ) {
        self.stage = stage
        self.executionID = executionID
        self.repetition = repetition
        self.attempt = attempt
        self.state = state
        self.exit = exit
        self.error = error
        self.note = note
        self.usage = usage
        self.logPath = logPath
        self.logTail = logTail
    }
}

public struct RunFinished: Sendable {
    public let runID: RunID
    public let pipeline: String
    public let status: RunStatus
    public let counts: RunCounts
    public let wallSeconds: Double
    /// Names of the stages that failed, in that order.
    public let failedStages: [String]
    public init(
        runID: RunID, pipeline: String, status: RunStatus, counts: RunCounts, wallSeconds: Double,
        failedStages: [String]
    ) {
        self.runID = runID
        self.pipeline = pipeline
        self.status = status
        self.counts = counts
        self.wallSeconds = wallSeconds
        self.failedStages = failedStages
    }
}
