// The process of a run: what two `runs exec` on one store need to know about each other.

/// Where the process of a run is.
public struct Liveness: Hashable, Sendable {
    public var host: String
    /// The kernel's boot id: a process of an earlier boot has certainly ended.
    public var bootID: String
    /// The pid namespace (container) in which `pid` is valid.
    public var pidNamespace: String
    public var pid: Int32
    /// Device and inode of the `.runs` folder. They differ in a copied store, so that a copy never mistakes the
    /// original's runs for its own.
    public var folderID: String
    public init(host: String, bootID: String, pidNamespace: String, pid: Int32, folderID: String) {
        self.host = host
        self.bootID = bootID
        self.pidNamespace = pidNamespace
        self.pid = pid
        self.folderID = folderID
    }
}

/// A run whose end was not recorded.
public struct RunningRun: Hashable, Sendable {
    public let id: RunID
    public let liveness: Liveness
    public let user: String
    /// ISO 8601.
    public let startedAt: String
    public let pipeline: String
    public init(id: RunID, liveness: Liveness, user: String, startedAt: String, pipeline: String) {
        self.id = id
        self.liveness = liveness
        self.user = user
        self.startedAt = startedAt
        self.pipeline = pipeline
    }
}

/// What is known of a run whose row says that it is running, if it is not seen to be alive.
public enum UnrecordedEnd: Hashable, Sendable {
    /// It is not running any more.
    case gone
    /// It may be running on another host, or in another folder.
    case notSeenFromHere

    /// Says what will record the end, or that it cannot be checked.
    public var sentence: String {
        switch self {
        case .gone: "its program is gone; the next `runs exec` or `runs doctor --repair` records it"
        case .notSeenFromHere: "cannot check from this host or folder whether its program is still alive"
        }
    }
}

/// An execution whose end was not recorded: queued, running, or lost with its run.
public struct RunningExecution: Hashable, Sendable {
    public let id: ExecutionID
    public let stage: String
    /// What marks its processes.
    public let token: String
    public let state: ExecutionState
    public let attempt: Int
    public let key: Digest
    public let engine: String
    /// The engine's name for it; nil: not known, or the engine has none.
    public let engineJobID: String?
    /// Relative to the pipeline's folder.
    public let logPath: String
    /// The run that began it, where another run has taken it over since.
    public let firstRunID: RunID?

    public init(
        id: ExecutionID, stage: String, token: String, state: ExecutionState = .running, attempt: Int = 1, key: Digest,
        engine: String = "local", engineJobID: String? = nil, logPath: String, firstRunID: RunID? = nil
    ) {
        self.id = id
        self.stage = stage
        self.token = token
        self.state = state
        self.attempt = attempt
        self.key = key
        self.engine = engine
        self.engineJobID = engineJobID
        self.logPath = logPath
        self.firstRunID = firstRunID
    }
}
