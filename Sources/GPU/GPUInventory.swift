// The GPUs of a machine and what they do at a moment, as plain values. Knows no library and no program that tells of
// them; reads nothing.

/// A device that CUDA can be given: a whole GPU, or a MIG device (a part of one).
public struct GPUDevice: Hashable, Sendable {
    /// `GPU-…` or `MIG-…`: the same on every host and after every restart.
    public let uuid: String
    public let name: String
    /// `00000000:81:00.0`; of a MIG device, its GPU's.
    public let busID: String
    /// nil where the driver does not tell.
    public let memoryBytes: Int64?
    /// Of a MIG device: the UUID of its GPU, and its numbers there.
    public let part: Part?

    public struct Part: Hashable, Sendable {
        public let gpu: String
        public let gpuInstance: Int
        public let computeInstance: Int
        public init(gpu: String, gpuInstance: Int, computeInstance: Int) {
            self.gpu = gpu
            self.gpuInstance = gpuInstance
            self.computeInstance = computeInstance
        }
    }

    public init(uuid: String, name: String, busID: String, memoryBytes: Int64?, part: Part? = nil) {
        self.uuid = uuid
        self.name = name
        self.busID = busID
        self.memoryBytes = memoryBytes
        self.part = part
    }
}

/// The GPUs that the driver shows.
public struct GPUInventory: Hashable, Sendable {
    /// `550.54.15`; nil where it could not be asked for.
    public let driverVersion: String?
    /// In the order of the PCI bus.
    public let gpus: [GPUDevice]
    /// In the order of their GPUs.
    public let migDevices: [GPUDevice]

    public init(driverVersion: String?, gpus: [GPUDevice], migDevices: [GPUDevice] = []) {
        self.driverVersion = driverVersion
        self.gpus = gpus
        self.migDevices = migDevices
    }

    /// The whole GPU or MIG device with exactly this UUID.
    public func device(uuid: String) -> GPUDevice? { (gpus + migDevices).first { $0.uuid == uuid } }

    /// The MIG devices of a GPU; a GPU that has any cannot be used as a whole.
    public func parts(of gpu: GPUDevice) -> [GPUDevice] { migDevices.filter { $0.part?.gpu == gpu.uuid } }
}

/// A process that holds memory of a device.
public struct GPUProcess: Hashable, Sendable {
    /// As the driver numbers processes: in a container, perhaps otherwise than the container does.
    public let pid: Int32
    /// nil where the driver does not tell.
    public let bytes: Int64?
    public init(pid: Int32, bytes: Int64?) {
        self.pid = pid
        self.bytes = bytes
    }
}

/// What one device does at a moment. nil: it could not be asked for.
public struct GPUReading: Hashable, Sendable {
    public let uuid: String
    /// Of all processes together.
    public let usedBytes: Int64?
    /// Of the whole device, 0 to 1.
    public let utilization: Double?
    public let processes: [GPUProcess]?
    public init(uuid: String, usedBytes: Int64?, utilization: Double?, processes: [GPUProcess]?) {
        self.uuid = uuid
        self.usedBytes = usedBytes
        self.utilization = utilization
        self.processes = processes
    }
}

/// Something that tells of GPUs.
public protocol GPUReader: Sendable {
    var inventory: GPUInventory { get }
    /// Whether the figures come from the program `nvidia-smi` and not from the library.
    var isProgram: Bool { get }
    /// Readings of those devices; empty when it is too early for another.
    func read(_ uuids: Set<String>) -> [GPUReading]
}
