// Runs and executions as `runs show`, `runs diff` and `runs best` report them. Knows no SQL and no wording.

/// A run.
public struct RunFacts: Sendable {
    public var id: RunID
    public var pipeline = ""
    /// Relative to the folder of `.runs`.
    public var pipelinePath = ""
    public var status = RunStatus.running
    /// Why the status may not be that of the row, or may not be true.
    public var unrecordedEnd: UnrecordedEnd?
    /// ISO 8601, as recorded.
    public var startedAt = ""
    public var finishedAt: String?
    public var wallSeconds: Double?
    public var commandLine = ""
    public var engine = ""
    public var host = ""
    public var user = ""
    public var gitCommit: String?
    public var gitBranch: String?
    /// nil: not checked.
    public var hasUncommittedChanges: Bool?
    /// Size of the patch that was recorded; nil if there is none.
    public var gitDiffBytes: Int?
    public var machine = Machine(kernel: "", cpuModel: nil, cpuCount: 0, memoryBytes: 0)
    public var runsVersion = ""
    public var sqliteVersion = ""
    public var stagesTotal = 0
    /// All zero until the run has recorded its end.
    public var counts = RunCounts()
    public var tags: [String] = []
    public var notes: [String] = []
    /// Its stages, except those that were not selected.
    public var stages: [StageOfRun] = []

    public init(id: RunID) { self.id = id }
}

/// A stage in a run.
public struct StageOfRun: Sendable {
    public var stage: String
    public var decision: Decision
    /// Its newest execution in the run, or the one whose outputs are used; nil: none, or not read.
    public var execution: ExecutionFacts?
    /// Executions in the run.
    public var attempts = 0

    public init(stage: String, decision: Decision) {
        self.stage = stage
        self.decision = decision
    }
}

/// A metric's newest value in an execution.
public struct MetricFact: Hashable, Sendable {
    public let name: String
    /// A number, or one of the strings `NaN`, `Infinity`, `-Infinity`.
    public let value: JSONValue

    public init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// An execution.
public struct ExecutionFacts: Sendable {
    public var id: ExecutionID
    public var runID: RunID
    public var stage = ""
    public var state = ExecutionState.running
    public var isRejected = false
    /// Its number among the repeats of its stage in its run; nil: it was not repeated.
    public var repetition: Int?
    /// How many succeeded repeats of its run the figures and metrics are the medians of; nil: they are its own.
    public var repeats: Int?
    /// ISO 8601, as recorded; nil: it has not started.
    public var startedAt: String?
    public var wallSeconds: Double?
    /// User and system, of the process tree.
    public var cpuSeconds: Double?
    public var maxRSSBytes: Int64?
    public var gpuPeakBytes: Int64?
    public var error: String?
    /// Remarks, for successes too.
    public var note: String?
    /// Relative to the folder of `.runs`.
    public var logPath = ""
    public var command = ""
    public var params: [Param] = []
    public var metrics: [MetricFact] = []
    public var environment: [EnvironmentVariable] = []
    public var inputs: [RecordedPath] = []
    public var outputs: [RecordedPath] = []

    public init(id: ExecutionID, runID: RunID) {
        self.id = id
        self.runID = runID
    }
}
