// The recorded GPU use of an execution. Does not know how it is measured.

/// Where a figure of peak GPU memory comes from.
public enum GPUPeakSource: String, Sendable, Hashable, CaseIterable {
    /// The driver reported the memory of each process.
    case nvmlProcess = "nvml_process"
    /// It did not, but the execution had the devices to itself: the increase of their memory use.
    case nvmlDeviceDelta = "nvml_device_delta"
    /// The program `nvidia-smi` reported it.
    case nvidiaSMI = "nvidia_smi"
}

/// One device at one moment of an execution.
public struct GPUSample: Hashable, Sendable {
    /// Its UUID.
    public let gpuID: String
    /// Since the execution began.
    public let seconds: Double
    /// Of the execution's processes; nil: not known.
    public let memoryBytes: Int64?
    /// Of the whole device, 0 to 1; nil: not known.
    public let utilization: Double?
    public init(gpuID: String, seconds: Double, memoryBytes: Int64?, utilization: Double?) {
        self.gpuID = gpuID
        self.seconds = seconds
        self.memoryBytes = memoryBytes
        self.utilization = utilization
    }
}
