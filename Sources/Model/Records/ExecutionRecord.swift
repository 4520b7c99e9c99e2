// Executions as they are recorded: what the coordinator writes, and what the planner compares with. Knows no SQL.

/// A recorded path and its content.
public struct RecordedPath: Hashable, Sendable {
    public let name: String
    public let path: String
    public let fingerprint: Fingerprint
    public init(name: String, path: String, fingerprint: Fingerprint) {
        self.name = name
        self.path = path
        self.fingerprint = fingerprint
    }
}

/// Recorded paths, looked up in about the order in which they were recorded.
public struct RecordedPaths: Sendable {
    private let paths: [RecordedPath]
    private var next = 0
    /// By path; made for the first that is not the next one.
    private var places: [String: Int]?

    public init(_ paths: [RecordedPath]) { self.paths = paths }

    /// The first entry with the path.
    public mutating func at(_ path: String) -> RecordedPath? {
        if next < paths.count, paths[next].path == path, places == nil {
            next += 1
            return paths[next - 1]
        }
        // Of a few, a search is faster than a table.
        if paths.count <= 8 { return paths.first { $0.path == path } }
        let known =
            places ?? Dictionary(paths.indices.map { (paths[$0].path, $0) }, uniquingKeysWith: { first, _ in first })
        places = known
        return known[path].map { paths[$0] }
    }
}

/// A past execution, as far as the planner needs it.
public struct ExecutionRecord: Hashable, Sendable {
    public let id: ExecutionID
    public let runID: RunID
    public let stage: String
    public var state: ExecutionState
    public let key: Digest
    public let baseKey: Digest
    public let inputsChangedDuringRun: Bool
    public let isRejected: Bool
    public let outputs: [RecordedPath]
    /// What it read without naming it; nil: nothing, or unknown.
    public let discovered: DiscoveredSetID?

    public init(
        id: ExecutionID, runID: RunID, stage: String, state: ExecutionState, key: Digest, baseKey: Digest,
        inputsChangedDuringRun: Bool, isRejected: Bool, outputs: [RecordedPath], discovered: DiscoveredSetID? = nil
    ) {
        self.id = id
        self.runID = runID
        self.stage = stage
        self.state = state
        self.key = key
        self.baseKey = baseKey
        self.inputsChangedDuringRun = inputsChangedDuringRun
        self.isRejected = isRejected
        self.outputs = outputs
        self.discovered = discovered
    }

    /// Whether its result may be used instead of running again.
    public var isReusable: Bool { state == .succeeded && !inputsChangedDuringRun && !isRejected }
}

/// Everything that determined a past execution's result. Reasons come from comparing with it.
public struct ExecutionDetails: Hashable, Sendable {
    public let command: String
    public let workingDirectory: String?
    /// Secret values are salted digests.
    public let environment: [EnvironmentVariable]
    public let params: [Param]
    public let inputs: [RecordedPath]

    public init(
        command: String, workingDirectory: String?, environment: [EnvironmentVariable], params: [Param],
        inputs: [RecordedPath]
    ) {
        self.command = command
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.params = params
        self.inputs = inputs
    }
}

/// What is recorded before a process is created.
public struct ExecutionStart: Sendable {
    /// An input that lies in, or contains, what another execution made.
    public struct InputMaker: Hashable, Sendable {
        public let input: RecordedPath
        public let maker: ExecutionID
        public init(input: RecordedPath, maker: ExecutionID) {
            self.input = input
            self.maker = maker
        }
    }

    public var stage: String
    public var template: String
    /// 1 for the first attempt of the stage in its run.
    public var attempt: Int
    public var key: Digest
    public var baseKey: Digest
    public var details: ExecutionDetails
    /// The executions that made what an input lies in or contains, if the paths differ.
    public var inputMakers: [InputMaker]
    /// Declared outputs: this execution owns them from now on.
    public var outputs: [Output]
    public var resources: ResourceRequest
    public var timeoutSeconds: Double?
    /// How many earlier versions of its outputs the stage keeps.
    public var keep: Int
    /// `running`, or `queued` for an engine that starts it later.
    public var state: ExecutionState
    /// When it was submitted to an engine that queues: required for `queued`, nil for engines that start at once.
    public var submittedAt: Timestamp?
    /// Not recorded for `queued`.
    public var startedAt: Timestamp
    /// Seconds between being ready and being started. Not recorded for `queued`.
    public var queuedSeconds: Double
    public var engine: String
    public var host: String
    /// Relative to the pipeline's folder.
    public var logPath: String
    /// 128 random bits in hexadecimal that mark the processes of this execution.
    public var token: String
    public var reasons: [Reason]
    /// A persistent output was left in place although the key changed (`--resume`, or `"persist": "always"`).
    public var resumed: Bool
    public var gpuIDs: [String]
    /// 1, 2, … if `--repeat` executes the stage several times.
    public var repetition: Int?
    /// Nothing is executed: the existing outputs are accepted.
    public var accepted: Bool

    public init(
        stage: String, template: String, attempt: Int, key: Digest, baseKey: Digest, details: ExecutionDetails,
        inputMakers: [InputMaker] = [], outputs: [Output], resources: ResourceRequest, timeoutSeconds: Double?,
        keep: Int, state: ExecutionState = .running, submittedAt: Timestamp? = nil, startedAt: Timestamp,
        queuedSeconds: Double, engine: String, host: String, logPath: String, token: String, reasons: [Reason],
        resumed: Bool, gpuIDs: [String], repetition: Int? = nil, accepted: Bool = false
    ) {
        self.stage = stage
        self.template = template
        self.attempt = attempt
        self.key = key
        self.baseKey = baseKey
        self.details = details
        self.inputMakers = inputMakers
        self.outputs = outputs
        self.resources = resources
        self.timeoutSeconds = timeoutSeconds
        self.keep = keep
        self.state = state
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.queuedSeconds = queuedSeconds
        self.engine = engine
        self.host = host
        self.logPath = logPath
        self.token = token
        self.reasons = reasons
        self.resumed = resumed
        self.gpuIDs = gpuIDs
        self.repetition = repetition
        self.accepted = accepted
    }
}

/// What is recorded when a queued execution starts.
public struct ExecutionRunning: Hashable, Sendable {
    public var id: ExecutionID
    public var startedAt: Timestamp
    public var host: String
    public var gpuIDs: [String]
    /// The engine's name for it; nil: keep what is recorded.
    public var engineJobID: String?

    public init(
        id: ExecutionID, startedAt: Timestamp, host: String, gpuIDs: [String] = [], engineJobID: String? = nil
    ) {
        self.id = id
        self.startedAt = startedAt
        self.host = host
        self.gpuIDs = gpuIDs
        self.engineJobID = engineJobID
    }
}

/// What an execution used. nil: not measured.
public struct Usage: Hashable, Sendable {
    public var wallSeconds: Double
    public var userCPUSeconds: Double?
    public var systemCPUSeconds: Double?
    /// Peak resident memory of the process tree.
    public var maxRSSBytes: Int64?
    /// Bytes read from and written to storage (`/proc/PID/io`), not to the page cache.
    public var readBytes: Int64?
    public var writeBytes: Int64?
    /// Peak GPU memory of the process tree: the largest sum over it and its devices at one moment.
    public var gpuPeakBytes: Int64?
    public var gpuPeakSource: GPUPeakSource?
    /// Of the devices it had, 0 to 1, over time.
    public var gpuMeanUtilization: Double?

    public init(
        wallSeconds: Double, userCPUSeconds: Double? = nil, systemCPUSeconds: Double? = nil, maxRSSBytes: Int64? = nil,
        readBytes: Int64? = nil, writeBytes: Int64? = nil, gpuPeakBytes: Int64? = nil,
        gpuPeakSource: GPUPeakSource? = nil, gpuMeanUtilization: Double? = nil
    ) {
        self.wallSeconds = wallSeconds
        self.userCPUSeconds = userCPUSeconds
        self.systemCPUSeconds = systemCPUSeconds
        self.maxRSSBytes = maxRSSBytes
        self.readBytes = readBytes
        self.writeBytes = writeBytes
        self.gpuPeakBytes = gpuPeakBytes
        self.gpuPeakSource = gpuPeakSource
        self.gpuMeanUtilization = gpuMeanUtilization
    }
}

/// What is recorded when an execution has ended.
public struct ExecutionFinish: Sendable {
    public var id: ExecutionID
    public var state: ExecutionState
    public var exit: Exit?
    /// A sentence, for every state except `succeeded`.
    public var error: String?
    /// Remarks, for successes too: descendants that had to be ended, invalid metrics lines.
    public var note: String?
    public var finishedAt: Timestamp
    public var usage: Usage
    /// Digests of its outputs; empty unless it succeeded.
    public var outputs: [RecordedPath]
    /// What it read without naming it, however it ended.
    public var discovered: [RecordedPath]
    public var inputsChangedDuringRun: Bool
    /// Numbers of its `metrics` outputs; empty unless it succeeded.
    public var metrics: [MetricPoint]
    /// The outputs that were read for them.
    public var metricsFiles: [String]
    public var gpuSamples: [GPUSample]

    public init(
        id: ExecutionID, state: ExecutionState, exit: Exit?, error: String?, note: String? = nil, finishedAt: Timestamp,
        usage: Usage, outputs: [RecordedPath] = [], discovered: [RecordedPath] = [],
        inputsChangedDuringRun: Bool = false,
        metrics: [MetricPoint] = [], metricsFiles: [String] = [], gpuSamples: [GPUSample] = []
    ) {
        self.id = id
        self.state = state
        self.exit = exit
        self.error = error
        self.note = note
        self.finishedAt = finishedAt
        self.usage = usage
        self.outputs = outputs
        self.discovered = discovered
        self.inputsChangedDuringRun = inputsChangedDuringRun
        self.metrics = metrics
        self.metricsFiles = metricsFiles
        self.gpuSamples = gpuSamples
    }
}

/// One number that a stage reported.
public struct MetricPoint: Hashable, Sendable {
    public let name: String
    /// nil: a final value, from a metrics file.
    public let step: Int64?
    /// May be NaN or infinite.
    public let value: Double
    public let recordedAt: Timestamp
    public init(name: String, step: Int64?, value: Double, recordedAt: Timestamp) {
        self.name = name
        self.step = step
        self.value = value
        self.recordedAt = recordedAt
    }
}

/// What is known about a run when it begins.
public struct RunStart: Sendable {
    public var pipeline: String
    /// Relative to the folder that contains `.runs`, if it lies inside.
    public var pipelinePath: String
    public var commandLine: String
    public var startedAt: Timestamp
    public var engine: String
    public var host: String
    public var user: String
    /// nil outside of a checkout.
    public var checkout: GitCheckout?
    /// Without what takes long to find out.
    public var machine: Machine
    public var stagesTotal: Int
    public var tags: [String]
    public var notes: [String]
    /// It executes nothing, so the plan cache stays valid.
    public var keepsPlanCache = false

    public init(
        pipeline: String, pipelinePath: String, commandLine: String, startedAt: Timestamp, engine: String, host: String,
        user: String, checkout: GitCheckout?, machine: Machine, stagesTotal: Int, tags: [String], notes: [String]
    ) {
        self.pipeline = pipeline
        self.pipelinePath = pipelinePath
        self.commandLine = commandLine
        self.startedAt = startedAt
        self.engine = engine
        self.host = host
        self.user = user
        self.checkout = checkout
        self.machine = machine
        self.stagesTotal = stagesTotal
        self.tags = tags
        self.notes = notes
    }
}

/// How a run ended, or that it is running.
public enum RunStatus: String, Sendable, Hashable, CaseIterable {
    case running
    case succeeded
    case failed
    case interrupted
    case lost
}

/// The counts of a run, over the stages of the pipeline.
public struct RunCounts: Hashable, Sendable {
    public var executed = 0
    public var fresh = 0
    public var restored = 0
    public var failed = 0
    public var blocked = 0
    public var notSelected = 0
    public init() {}
}
