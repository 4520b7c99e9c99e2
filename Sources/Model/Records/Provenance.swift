// The provenance of a run: the state of the code and of the machine. Plain values; `Provenance` and `GPU` collect them.

/// The checkout that contains a project, read from its files without starting git.
public struct GitCheckout: Hashable, Sendable {
    /// Absolute.
    public var folder: String
    /// nil before the first commit.
    public var commit: String?
    /// nil if none is checked out.
    public var branch: String?
    public init(folder: String, commit: String?, branch: String?) {
        self.folder = folder
        self.commit = commit
        self.branch = branch
    }
}

/// The uncommitted changes of tracked files.
public struct GitDiff: Hashable, Sendable {
    /// A patch as a gzip file; nil if it was not requested.
    public var gzip: [UInt8]?
    /// Of the patch.
    public var sizeBytes: Int
    /// Only its beginning was kept.
    public var isCut: Bool
    public init(gzip: [UInt8]?, sizeBytes: Int, isCut: Bool) {
        self.gzip = gzip
        self.sizeBytes = sizeBytes
        self.isCut = isCut
    }
}

/// The machine of the coordinator of a run.
public struct Machine: Hashable, Sendable {
    /// `Linux 6.1.0-18-amd64`.
    public var kernel: String
    public var cpuModel: String?
    /// Processors that are online, whether or not this process may use them.
    public var cpuCount: Int
    /// Physical.
    public var memoryBytes: Int64
    /// Names in the order of the PCI bus, separated by `, `; nil if none was found.
    public var gpuNames: String?
    public var gpuDriver: String?
    public init(
        kernel: String, cpuModel: String?, cpuCount: Int, memoryBytes: Int64, gpuNames: String? = nil,
        gpuDriver: String? = nil
    ) {
        self.kernel = kernel
        self.cpuModel = cpuModel
        self.cpuCount = cpuCount
        self.memoryBytes = memoryBytes
        self.gpuNames = gpuNames
        self.gpuDriver = gpuDriver
    }
}

/// Provenance that takes so long to collect that it is recorded while stages are already running.
public struct DeferredProvenance: Sendable {
    /// With its GPUs.
    public var machine: Machine
    /// nil: outside of a checkout, or git cannot be run.
    public var isDirty: Bool?
    /// nil also if nothing changed.
    public var diff: GitDiff?
    public init(machine: Machine, isDirty: Bool?, diff: GitDiff?) {
        self.machine = machine
        self.isDirty = isDirty
        self.diff = diff
    }
}
