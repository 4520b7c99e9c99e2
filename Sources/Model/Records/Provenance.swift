// What a run was surrounded by: the state of the code and of the machine. Plain values; finding them out is the work of
// `Provenance` and `GPU`.

/// The checkout that a project lies in, as its files tell without starting git.
public struct GitCheckout: Hashable, Sendable {
    /// Absolute.
    public var folder: String
    /// nil before the first commit.
    public var commit: String?
    /// nil where none is checked out.
    public var branch: String?
    public init(folder: String, commit: String?, branch: String?) {
        self.folder = folder
        self.commit = commit
        self.branch = branch
    }
}

/// What tracked files hold that the commit does not.
public struct GitDiff: Hashable, Sendable {
    /// A patch as a gzip file; nil where it was not wanted.
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

/// The machine that a run coordinated its stages on.
public struct Machine: Hashable, Sendable {
    /// `Linux 6.1.0-18-amd64`.
    public var kernel: String
    public var cpuModel: String?
    /// That are online, whether or not this process may use them.
    public var cpuCount: Int
    /// Physical.
    public var memoryBytes: Int64
    /// Names in the order of the PCI bus, separated by `, `; nil where none was seen.
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

/// What takes so long to find out that it is recorded while the stages run already.
public struct DeferredProvenance: Sendable {
    /// With its GPUs.
    public var machine: Machine
    /// nil: outside of a checkout, or git could not be asked.
    public var isDirty: Bool?
    /// nil also where there is no difference.
    public var diff: GitDiff?
    public init(machine: Machine, isDirty: Bool?, diff: GitDiff?) {
        self.machine = machine
        self.isDirty = isDirty
        self.diff = diff
    }
}
