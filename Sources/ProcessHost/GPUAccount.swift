// What one execution uses of GPUs, from readings of the devices and the numbers of its processes: which memory is its
// own, the peak, the mean utilisation. Pure; asks no driver and knows no clock.

import EngineAPI
import GPU
import Model

/// Which GPUs an execution's processes may use.
enum GPUGrant: Hashable, Sendable {
    /// None: the variable hides them.
    case hidden
    /// The stage requested none; its processes have this environment, `NAME=value`.
    case untouched(environment: [String])
    /// UUIDs; `isExclusive`: as far as runs on this host are concerned, no other execution uses them.
    case given([String], isExclusive: Bool)

    init(_ launch: Launch) {
        guard let gpus = launch.lease.gpus else {
            self = .untouched(environment: launch.environment)
            return
        }
        let uuids = gpus.compactMap(\.uuid)
        let isExclusive = launch.holdsDevices && launch.lease.gpuShare == .one
        self = uuids.isEmpty ? .hidden : .given(uuids, isExclusive: isExclusive)
    }
}

/// The GPU usage of an execution. nil: unknown, or there are no GPUs.
struct GPUUsage: Sendable {
    var peakBytes: Int64?
    var peakSource: GPUPeakSource?
    var meanUtilization: Double?
    var samples: [GPUSample] = []
}

struct GPUAccount {
    /// UUIDs of the devices that are looked at.
    let devices: Set<String>
    /// Whether those are what it was given, or just what it could see.
    private let isGiven: Bool
    private let isExclusive: Bool
    /// The driver may number processes otherwise than this program: it runs in a container.
    private let arePIDsForeign: Bool
    /// By device: its memory in use before the execution used any.
    private var baselines: [String: Int64] = [:]
    private var series: [String: GPUSeries] = [:]
    private var processPeak: Int64 = 0
    private var devicePeak: Int64 = 0
    private var sawOwnProcess = false
    private var sawProcessLists = false
    /// The driver lists its processes, but not their memory.
    private var isMemoryUnknown = false
    private var sawDeviceMemory = false
    private var isByProgram = false
    private var lastSeconds = 0.0
    /// Utilisation times seconds, and the seconds.
    private var busySeconds = 0.0
    private var measuredSeconds = 0.0

    init(devices: Set<String>, isGiven: Bool, isExclusive: Bool, arePIDsForeign: Bool) {
        self.devices = devices
        self.isGiven = isGiven
        self.isExclusive = isExclusive
        self.arePIDsForeign = arePIDsForeign
    }

    /// The devices just before its processes begin.
    mutating func began(_ readings: [GPUReading]) {
        for reading in readings where devices.contains(reading.uuid) && baselines[reading.uuid] == nil {
            baselines[reading.uuid] = reading.usedBytes
        }
    }

    /// Adds one sample of all devices.
    ///
    /// - Parameters:
    ///   - pids: of its process tree.
    ///   - seconds: since it began.
    ///   - isByProgram: the readings come from `nvidia-smi`.
    mutating func take(_ readings: [GPUReading], pids: Set<Int32>, seconds: Double, isByProgram: Bool) {
        began(readings)
        self.isByProgram = isByProgram
        var (processTotal, deviceTotal): (Int64, Int64) = (0, 0)
        var utilizations: [Double] = []
        for reading in readings where devices.contains(reading.uuid) {
            let own = reading.processes.map { $0.filter { pids.contains($0.pid) } }
            let processBytes = own.flatMap(memory)
            let deviceBytes = reading.usedBytes.map { max(0, $0 - (baselines[reading.uuid] ?? $0)) }
            if own != nil { sawProcessLists = true }
            if reading.usedBytes != nil { sawDeviceMemory = true }
            if own?.isEmpty == false { if processBytes != nil { sawOwnProcess = true } else { isMemoryUnknown = true } }
            processTotal += processBytes ?? 0
            deviceTotal += deviceBytes ?? 0
            // What it merely could see is its own from when it first uses it.
            guard isGiven || series[reading.uuid] != nil || own?.isEmpty == false else { continue }
            if let utilization = reading.utilization { utilizations.append(utilization) }
            series[reading.uuid, default: GPUSeries()].append(
                GPUSeries.Row(
                    seconds: seconds, processBytes: processBytes, deviceBytes: deviceBytes,
                    utilization: reading.utilization))
        }
        processPeak = max(processPeak, processTotal)
        devicePeak = max(devicePeak, deviceTotal)
        let elapsed = max(0, seconds - lastSeconds)
        lastSeconds = seconds
        guard !utilizations.isEmpty else { return }
        // Samples become rarer: each counts for the time that it stands for.
        busySeconds += elapsed * utilizations.reduce(0, +) / Double(utilizations.count)
        measuredSeconds += elapsed
    }

    /// nil where the driver reports no process's memory.
    private func memory(of processes: [GPUProcess]) -> Int64? {
        let known = processes.compactMap(\.bytes)
        return known.isEmpty && !processes.isEmpty ? nil : known.reduce(0, +)
    }

    /// What it came to.
    var usage: GPUUsage {
        let isOfDevice = countsDevices
        guard isOfDevice || sawOwnProcess || (isGiven && sawProcessLists && !isMemoryUnknown && !arePIDsForeign) else {
            // Utilisation is the device's: it is meaningful for an execution that had the device.
            return GPUUsage(meanUtilization: meanUtilization, samples: samples { _ in nil })
        }
        return GPUUsage(
            peakBytes: isOfDevice ? devicePeak : processPeak,
            peakSource: isByProgram ? .nvidiaSMI : isOfDevice ? .nvmlDeviceDelta : .nvmlProcess,
            meanUtilization: meanUtilization, samples: samples { isOfDevice ? $0.deviceBytes : $0.processBytes })
    }

    /// Whether the devices' memory stands for that of its processes: the driver does not report these, or numbers them
    /// otherwise, and no other execution uses the devices.
    private var countsDevices: Bool {
        isExclusive && sawDeviceMemory && !sawOwnProcess && (!sawProcessLists || isMemoryUnknown || arePIDsForeign)
    }

    private var meanUtilization: Double? {
        measuredSeconds > 0 ? busySeconds / measuredSeconds : nil
    }

    private func samples(_ bytes: (GPUSeries.Row) -> Int64?) -> [GPUSample] {
        series.sorted { $0.key < $1.key }.flatMap { uuid, series in
            series.all.map { row in
                GPUSample(gpuID: uuid, seconds: row.seconds, memoryBytes: bytes(row), utilization: row.utilization)
            }
        }
    }
}
