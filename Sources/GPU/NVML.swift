// Reads GPUs by NVIDIA's management library: the inventory once, readings each time. Knows that drivers may lack
// functions; does not know which process belongs to which stage.

/// The initialized library.
struct NVML: GPUReader {
    let inventory: GPUInventory
    let isProgram = false
    private let functions: NVMLFunctions
    /// By UUID.
    private let handles: [String: UInt]

    /// nil if there is no driver or it fails.
    init?() {
        guard let functions = NVMLFunctions(), functions.initialize() == NVMLStatus.success else { return nil }
        self.functions = functions
        var count: UInt32 = 0
        guard functions.count(&count) == NVMLStatus.success else { return nil }
        var found: [(place: [UInt32], device: GPUDevice, handle: UInt)] = []
        for index in 0..<min(count, 256) {
            var handle: UInt = 0
            // Skip a device that is lost or inaccessible.
            guard functions.handle(index, &handle) == NVMLStatus.success,
                let device = functions.device(handle, place: functions.place(of: handle))
            else { continue }
            found.append((functions.place(of: handle) ?? [index], device, handle))
        }
        found.sort { $0.place.lexicographicallyPrecedes($1.place) }
        var handles: [String: UInt] = [:]
        var parts: [GPUDevice] = []
        for gpu in found {
            handles[gpu.device.uuid] = gpu.handle
            for part in functions.parts(of: gpu.device, gpu.handle) {
                handles[part.device.uuid] = part.handle
                parts.append(part.device)
            }
        }
        self.handles = handles
        let version = functions.driverVersion.flatMap { call in text(80) { call($0, $1) } }
        inventory = GPUInventory(driverVersion: version, gpus: found.map(\.device), migDevices: parts)
    }

    func read(_ uuids: Set<String>) -> [GPUReading] {
        uuids.sorted().compactMap { uuid in
            guard let handle = handles[uuid] else { return nil }
            return GPUReading(
                uuid: uuid, usedBytes: functions.memory(of: handle)?.used,
                utilization: functions.utilization(of: handle), processes: functions.processes(of: handle))
        }
    }
}

extension NVMLFunctions {
    fileprivate func device(_ handle: UInt, place: [UInt32]?, part: GPUDevice.Part? = nil) -> GPUDevice? {
        guard let uuid = text(96, { self.uuid(handle, $0, $1) }), !uuid.isEmpty else { return nil }
        return GPUDevice(
            uuid: uuid, name: name.flatMap { call in text(96) { call(handle, $0, $1) } } ?? "GPU",
            busID: place.map(busID) ?? "", memoryBytes: memory(of: handle)?.total, part: part)
    }

    /// Domain, bus and device, which define the PCI bus order.
    fileprivate func place(of handle: UInt) -> [UInt32]? {
        guard let bytes = structure(256, pciInfo, handle) else { return nil }
        return [16, 20, 24].map { bytes.load(at: $0) }
    }

    private func busID(_ place: [UInt32]) -> String {
        func digits(_ number: UInt32, _ width: Int) -> String {
            let text = String(number, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(digits(place[0], 8)):\(digits(place[1], 2)):\(digits(place[2], 2)).0"
    }

    fileprivate func parts(of gpu: GPUDevice, _ handle: UInt) -> [(device: GPUDevice, handle: UInt)] {
        var (isDivided, willBe): (UInt32, UInt32) = (0, 0)
        guard let migMode, let migHandle, migMode(handle, &isDivided, &willBe) == NVMLStatus.success, isDivided == 1
        else { return [] }
        let most: UInt32 = structure(4, migCount, handle)?.load(at: 0) ?? 7
        return (0..<min(most, 64)).compactMap { index in
            var part: UInt = 0
            // Indices may have gaps.
            guard migHandle(handle, index, &part) == NVMLStatus.success else { return nil }
            let numbers = GPUDevice.Part(
                gpu: gpu.uuid, gpuInstance: Int(structure(4, gpuInstance, part)?.load(at: 0) as UInt32? ?? 0),
                computeInstance: Int(structure(4, computeInstance, part)?.load(at: 0) as UInt32? ?? 0))
            return device(part, place: place(of: handle), part: numbers).map { ($0, part) }
        }
    }

    fileprivate func memory(of handle: UInt) -> (total: Int64, used: Int64)? {
        guard let bytes = structure(24, memoryInfo, handle) else { return nil }
        let (total, used): (UInt64, UInt64) = (bytes.load(at: 0), bytes.load(at: 16))
        return (Int64(clamping: total), Int64(clamping: used))
    }

    fileprivate func utilization(of handle: UInt) -> Double? {
        guard let percent: UInt32 = structure(8, utilization, handle)?.load(at: 0), percent <= 100 else { return nil }
        return Double(percent) / 100
    }

    /// nil if all lists fail.
    fileprivate func processes(of handle: UInt) -> [GPUProcess]? {
        let lists = processLists.compactMap { processes(of: handle, $0) }
        guard !lists.isEmpty else { return nil }
        // A process that uses compute and graphics is in both lists, each time with all its memory.
        var bytes: [Int32: Int64?] = [:]
        for process in lists.joined() {
            let known = bytes[process.pid] ?? nil
            bytes[process.pid] = process.bytes.map { max($0, known ?? 0) } ?? known
        }
        return bytes.map { GPUProcess(pid: $0.key, bytes: $0.value) }.sorted { $0.pid < $1.pid }
    }

    private func processes(of handle: UInt, _ list: ProcessList) -> [GPUProcess]? {
        var room = 32
        // More processes may start meanwhile: the buffer grows faster than they can.
        for _ in 0..<12 {
            var count = UInt32(room)
            var buffer = NVMLProcessBuffer(room: room)
            let status = buffer.bytes.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { list.call(handle, &count, $0) } ?? NVMLStatus.insufficientSize
            }
            if status == NVMLStatus.success {
                return buffer.processes(count: min(room, Int(count)), documentedStride: list.documentedStride)
            }
            guard status == NVMLStatus.insufficientSize else { return nil }
            room = max(room * 2, min(Int(count), 1 << 16) + 32)
        }
        return nil
    }

    /// The `size` bytes that a function writes; nil if it fails or is missing.
    private func structure(_ size: Int, _ call: DeviceOut?, _ handle: UInt) -> [UInt8]? {
        guard let call else { return nil }
        var bytes = [UInt8](repeating: 0, count: size)
        let status = bytes.withUnsafeMutableBytes { bytes in bytes.baseAddress.map { call(handle, $0) } }
        return status == NVMLStatus.success ? bytes : nil
    }
}

extension [UInt8] {
    fileprivate func load<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }
}

/// The text that a function writes into `size` bytes; nil if it fails.
private func text(_ size: Int, _ call: (UnsafeMutableRawPointer, UInt32) -> Int32) -> String? {
    var bytes = [UInt8](repeating: 0, count: size)
    let status = bytes.withUnsafeMutableBytes { bytes in bytes.baseAddress.map { call($0, UInt32(size)) } }
    return status == NVMLStatus.success ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : nil
}
