// Who runs a run: what two `runs exec` on one store need to know of each other.

/// Where the program of a run lives.
public struct Liveness: Hashable, Sendable {
    public var host: String
    /// The kernel's boot id: a process of an earlier boot is certainly gone.
    public var bootID: String
    /// The pid namespace (container) in which `pid` means something.
    public var pidNamespace: String
    public var pid: Int32
    /// Device and inode of the `.runs` folder: in a copied store they are others, so that a copy never takes the
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

/// A run that no one has recorded the end of.
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

/// An execution that no one has recorded the end of.
public struct RunningExecution: Hashable, Sendable {
    public let id: ExecutionID
    public let stage: String
    /// What marks its processes.
    public let token: String
    public init(id: ExecutionID, stage: String, token: String) {
        self.id = id
        self.stage = stage
        self.token = token
    }
}
