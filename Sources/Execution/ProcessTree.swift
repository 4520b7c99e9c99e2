// What /proc says of a process and all its descendants. Reads only; ends nothing.

import Glibc
import Model

/// Peak resident memory of a process tree, from samples.
struct ProcessTreeMeter {
    let root: Int32
    private(set) var peakBytes: Int64 = 0
    /// The processes of the last sample.
    private(set) var pids = Set<Int32>()

    init(root: Int32) { self.root = root }

    /// Adds up the resident memory of all processes of the tree, as it is now. Pages that processes share count for
    /// each of them.
    mutating func sample() {
        var total: Int64 = 0
        var pending = [root]
        var seen = Set<Int32>()
        while let pid = pending.popLast() {
            guard seen.insert(pid).inserted else { continue }
            total += residentBytes(of: pid)
            pending += children(of: pid)
        }
        peakBytes = max(peakBytes, total)
        pids = seen
    }

    private func residentBytes(of pid: Int32) -> Int64 {
        guard let text = readText("/proc/\(pid)/statm") else { return 0 }
        let words = text.split(separator: " ")
        guard words.count > 1, let pages = Int64(words[1]) else { return 0 }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func children(of pid: Int32) -> [Int32] {
        guard let threads = opendir("/proc/\(pid)/task") else { return [] }
        defer { closedir(threads) }
        var result: [Int32] = []
        while let entry = readdir(threads) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name.first?.isNumber ?? false, let text = readText("/proc/\(pid)/task/\(name)/children") else { continue }
            result += text.split(separator: " ").compactMap { Int32($0) }
        }
        return result
    }
}

/// How many processes the kernel has killed for lack of memory: in this cgroup where it counts them, else on the
/// machine.
func outOfMemoryKillCount() -> Int64 {
    if let line = readText("/proc/self/cgroup")?.split(separator: "\n").first(where: { $0.hasPrefix("0::") }),
        let events = readText("/sys/fs/cgroup\(line.dropFirst(3))/memory.events"),
        let count = counter("oom_kill", in: events)
    {
        return count
    }
    return counter("oom_kill", in: readText("/proc/vmstat") ?? "") ?? 0
}

private func counter(_ name: String, in text: String) -> Int64? {
    for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == name { return Int64(words[1]) }
    }
    return nil
}
