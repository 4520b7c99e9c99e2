// Loads the functions of NVIDIA's management library at run time, because it exists only with a driver and older
// versions lack functions. Knows names, signatures and layouts of NVML; does not know when they are called.

import Glibc

/// The open library. Device handles are opaque pointers, represented as numbers.
struct NVMLFunctions: Sendable {
    typealias Nothing = @convention(c) @Sendable () -> Int32
    typealias CountOut = @convention(c) @Sendable (UnsafeMutablePointer<UInt32>) -> Int32
    typealias HandleOut = @convention(c) @Sendable (UInt32, UnsafeMutablePointer<UInt>) -> Int32
    typealias TextOut = @convention(c) @Sendable (UnsafeMutableRawPointer, UInt32) -> Int32
    typealias DeviceTextOut = @convention(c) @Sendable (UInt, UnsafeMutableRawPointer, UInt32) -> Int32
    /// Fills a struct or an unsigned int.
    typealias DeviceOut = @convention(c) @Sendable (UInt, UnsafeMutableRawPointer) -> Int32
    typealias DeviceTwoOut =
        @convention(c) @Sendable (
            UInt, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>
        ) -> Int32
    typealias PartOut = @convention(c) @Sendable (UInt, UInt32, UnsafeMutablePointer<UInt>) -> Int32
    typealias ProcessesOut =
        @convention(c) @Sendable (
            UInt, UnsafeMutablePointer<UInt32>, UnsafeMutableRawPointer
        ) -> Int32

    /// A function that lists processes, and the documented size of its entries.
    struct ProcessList: Sendable {
        let call: ProcessesOut
        let documentedStride: Int
    }

    let initialize: Nothing
    let driverVersion: TextOut?
    let count: CountOut
    let handle: HandleOut
    let uuid: DeviceTextOut
    let name: DeviceTextOut?
    let pciInfo: DeviceOut?
    let memoryInfo: DeviceOut?
    let utilization: DeviceOut?
    let migMode: DeviceTwoOut?
    let migCount: DeviceOut?
    let migHandle: PartOut?
    let gpuInstance: DeviceOut?
    let computeInstance: DeviceOut?
    /// For compute and graphics processes.
    let processLists: [ProcessList]

    /// nil if the library or an essential function is missing.
    init?() {
        // Never closed, because drivers leave threads and handlers behind.
        guard let library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL) else { return nil }
        func find<Function>(_ names: String..., as type: Function.Type) -> Function? {
            for name in names {
                if let address = dlsym(library, name) { return unsafeBitCast(address, to: type) }
            }
            return nil
        }
        guard let initialize = find("nvmlInit_v2", "nvmlInit", as: Nothing.self),
            let count = find("nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", as: CountOut.self),
            let handle = find("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex", as: HandleOut.self),
            let uuid = find("nvmlDeviceGetUUID", as: DeviceTextOut.self)
        else { return nil }
        self.initialize = initialize
        self.count = count
        self.handle = handle
        self.uuid = uuid
        driverVersion = find("nvmlSystemGetDriverVersion", as: TextOut.self)
        name = find("nvmlDeviceGetName", as: DeviceTextOut.self)
        // The fields in use have the same offset in all three.
        pciInfo = find("nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo", as: DeviceOut.self)
        memoryInfo = find("nvmlDeviceGetMemoryInfo", as: DeviceOut.self)
        utilization = find("nvmlDeviceGetUtilizationRates", as: DeviceOut.self)
        migMode = find("nvmlDeviceGetMigMode", as: DeviceTwoOut.self)
        migCount = find("nvmlDeviceGetMaxMigDeviceCount", as: DeviceOut.self)
        migHandle = find("nvmlDeviceGetMigDeviceHandleByIndex", as: PartOut.self)
        gpuInstance = find("nvmlDeviceGetGpuInstanceId", as: DeviceOut.self)
        computeInstance = find("nvmlDeviceGetComputeInstanceId", as: DeviceOut.self)
        processLists = ["Compute", "Graphics"].compactMap { kind in
            let name = "nvmlDeviceGet\(kind)RunningProcesses"
            for (suffix, stride) in [("_v3", 24), ("_v2", 24), ("", 16)] {
                if let call = find(name + suffix, as: ProcessesOut.self) {
                    return ProcessList(call: call, documentedStride: stride)
                }
            }
            return nil
        }
    }
}

/// Return codes of NVML functions.
enum NVMLStatus {
    static let success: Int32 = 0
    static let insufficientSize: Int32 = 7
}

/// The buffer for a list of processes. The driver returns the number of entries, but not their size.
struct NVMLProcessBuffer {
    /// The largest entry of any driver.
    static let longestStride = 32
    /// A byte that no entry ends with: the last field is a small number or all ones.
    private static let untouched: UInt8 = 0xAA

    var bytes: [UInt8]

    init(room: Int) { bytes = Array(repeating: Self.untouched, count: room * Self.longestStride) }

    /// - Parameter documentedStride: used if the size cannot be determined from the bytes. Entries grew in some drivers
    ///   since 535 without a new function name.
    func processes(count: Int, documentedStride: Int) -> [GPUProcess] {
        guard count > 0 else { return [] }
        let written = (bytes.lastIndex { $0 != Self.untouched } ?? -1) + 1
        let isKnown = [16, 24, 32].contains { $0 * count == written }
        let stride = isKnown ? written / count : documentedStride
        return bytes.withUnsafeBytes { bytes in
            (0..<min(count, bytes.count / stride)).compactMap { index in
                let pid = bytes.loadUnaligned(fromByteOffset: index * stride, as: UInt32.self)
                let used = bytes.loadUnaligned(fromByteOffset: index * stride + 8, as: UInt64.self)
                guard pid > 0, let pid = Int32(exactly: pid) else { return nil }
                return GPUProcess(pid: pid, bytes: used == .max ? nil : Int64(clamping: used))
            }
        }
    }
}
