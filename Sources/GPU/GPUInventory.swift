// The GPUs of a machine and their readings as plain values. Knows devices; does not know libraries or programs, and
// does not read anything.

/// A device that CUDA can use: a whole GPU, or a MIG device (a part of a GPU).
public struct GPUDevice: Hashable, Sendable {
    /// `GPU-…` or `MIG-…`: the same on every host and after every restart.
    public let uuid: String
    public let name: String
    /// `00000000:81:00.0`; for a MIG device, that of its GPU.
    public let busID: String
    /// nil if unknown.
    public let memoryBytes: Int64?
    /// For a MIG device: the UUID of its GPU and its instance numbers.
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

/// The GPUs that the driver reports.
public struct GPUInventory: Hashable, Sendable {
    /// `550.54.15`; nil if unknown.
    public let driverVersion: String?
    /// In PCI bus order.
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

    /// The MIG devices of a GPU; a GPU with MIG devices cannot be used as a whole.
    public func parts(of gpu: GPUDevice) -> [GPUDevice] { migDevices.filter { $0.part?.gpu == gpu.uuid } }
}

/// A process that uses memory of a device.
public struct GPUProcess: Hashable, Sendable {
    /// The PID in the driver's PID namespace, which may differ from the container's.
    public let pid: Int32
    /// nil if unknown.
    public let bytes: Int64?
    public init(pid: Int32, bytes: Int64?) {
        self.pid = pid
        self.bytes = bytes
    }
}

/// One reading of a device. nil: unknown.
public struct GPUReading: Hashable, Sendable {
    public let uuid: String
    /// By all processes.
    public let usedBytes: Int64?
    /// Of the device, 0 to 1.
    public let utilization: Double?
    public let processes: [GPUProcess]?
    public init(uuid: String, usedBytes: Int64?, utilization: Double?, processes: [GPUProcess]?) {
        self.uuid = uuid
        self.usedBytes = usedBytes
        self.utilization = utilization
        self.processes = processes
    }
}

/// A source of GPU readings.
public protocol GPUReader: Sendable {
    var inventory: GPUInventory { get }
    /// Whether the readings come from the program `nvidia-smi`, not from the library.
    var isProgram: Bool { get }
    /// Readings of these devices; empty if it is too early for another reading.
    func read(_ uuids: Set<String>) -> [GPUReading]
}
