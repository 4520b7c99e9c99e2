// What this process may use of the machine: affinity and cgroup limits for cpus and memory, CUDA_VISIBLE_DEVICES or the
// driver's device files for GPUs. Reads /proc, /sys and /dev.

import CLinux
import EngineAPI
import GPU
import Glibc
import Model
import Programs

extension Capacity {
    /// - Parameters:
    ///   - counted: totals of counted resources; `cpus`, `memory` (bytes) and `gpus` among them replace what was found.
    ///   - caller: looks a variable up in the caller's environment.
    ///   - driver: lists the GPUs; nil where no stage requests any.
    public static func ofThisMachine(
        counted: [String: Quantity], caller: (String) -> String?, driver: GPUDriver?
    ) -> Capacity {
        var counted = counted
        let cpus = counted.removeValue(forKey: "cpus") ?? Quantity(usableCPUs())
        let memory = counted.removeValue(forKey: "memory").map { Int64($0.value) } ?? usableMemoryBytes()
        let inventory = driver?.inventory
        var gpus = gpus(visible: caller("CUDA_VISIBLE_DEVICES"), in: inventory)
        if let total = counted.removeValue(forKey: "gpus") {
            // No machine has more, and each is an entry of a list.
            let count = min(total.thousandths / 1000, 4096)
            if gpus.count < count {
                gpus = (0..<count).map { Device(id: String($0), uuid: inventory?.device(named: String($0))?.uuid) }
            }
            gpus = Array(gpus.prefix(count))
        }
        return Capacity(cpus: cpus, memoryBytes: memory, gpus: gpus, counted: counted)
    }

    private static func usableCPUs() -> Int {
        var count = Int(clinux_usable_cpus())
        if count < 1 { count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
        for folder in cgroupFolders() {
            // "max 100000" or "QUOTA PERIOD", both in microseconds.
            let words = (readText("\(folder)/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
            if words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 {
                count = min(count, max(1, Int((quota / period).rounded(.down))))
            }
        }
        return count
    }

    private static func usableMemoryBytes() -> Int64 {
        var bytes = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        for folder in cgroupFolders() {
            let text = readText("\(folder)/memory.max") ?? ""
            if let limit = Int64(text.filter { !$0.isWhitespace }) { bytes = min(bytes, limit) }
        }
        return bytes
    }

    /// This process's cgroup (version 2) and all above it: each may limit.
    private static func cgroupFolders() -> [String] {
        guard let line = readText("/proc/self/cgroup")?.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else {
            return []
        }
        var folders = ["/sys/fs/cgroup"]
        for component in line.dropFirst(3).split(separator: "/") {
            folders.append(folders[folders.count - 1] + "/" + component)
        }
        return folders
    }

    /// Without a driver that lists them, by its device files.
    private static func gpus(visible: String?, in inventory: GPUInventory?) -> [Device] {
        if visible != nil || inventory != nil {
            return visibleGPUs(visible, in: inventory).map { Device(id: $0.id, uuid: $0.device?.uuid) }
        }
        return (0..<256).prefix { access("/dev/nvidia\($0)", F_OK) == 0 }.map { Device(id: String($0)) }
    }
}
