// The memory of a process and all its descendants, from /proc. Reads only; ends nothing.

import Glibc
import Model
import Programs

/// Peak resident memory of a process tree, from samples. Pages that its processes share count once: after a fork the
/// child's pages are the parent's until one of them writes.
///
/// How much a process shares is in `smaps_rollup`, which walks its page tables: some 20 ms for a GB. So that is read
/// only when the peak may be passed, and for at most a twentieth of the time. In between, a process counts for its
/// share at that reading and the anonymous memory that has come since, and one that is new since not yet.
struct ProcessTreeMeter {
    let root: Int32
    private(set) var peakBytes: Int64 = 0
    /// The processes of the last sample.
    private(set) var pids = Set<Int32>()
    private var shares: [Int32: Share] = [:]
    private var nextReading = ContinuousClock.now

    private struct Resident {
        let bytes: Int64
        /// Not of a file nor of shared memory.
        let anonymousBytes: Int64
    }

    /// What a process had when `smaps_rollup` was read.
    private struct Share {
        let proportionalBytes: Int64
        let anonymousBytes: Int64

        func bytes(now: Resident) -> Int64 {
            max(0, min(now.bytes, proportionalBytes + now.anonymousBytes - anonymousBytes))
        }
    }

    init(root: Int32) { self.root = root }

    /// Takes the resident memory of all processes of the tree, as it is now.
    ///
    /// - Parameter adopted: the children of the supervisor, which adopts processes whose parent has ended. Those of the
    ///   root's session belong to the tree.
    mutating func sample(adopted: [Int32]) {
        var residents: [Int32: Resident] = [:]
        var pending = [root] + adopted.filter { getsid($0) == root }
        var seen = Set<Int32>()
        while let pid = pending.popLast() {
            guard seen.insert(pid).inserted else { continue }
            residents[pid] = resident(of: pid)
            pending += childProcesses(of: pid)
        }
        pids = seen
        // What other programs share with the tree would be missing in the sum of shares: never less than the largest.
        peakBytes = max(peakBytes, residents.values.reduce(0) { max($0, $1.bytes) })
        guard residents.count > 1 else { return }
        let mostPossible = residents.values.reduce(0) { $0 + $1.bytes }
        if mostPossible > peakBytes + peakBytes / 50, ContinuousClock.now >= nextReading {
            // CPU time of this thread: on a busy machine, elapsed time is not what a reading costs.
            let before = threadCPUTime()
            var read: [Int32: Share] = [:]
            for pid in residents.keys {
                // In this order: what comes in between must not count as growth once more.
                let proportional = proportionalBytes(of: pid)
                guard let now = resident(of: pid) else { continue }
                read[pid] = Share(proportionalBytes: proportional ?? now.bytes, anonymousBytes: now.anonymousBytes)
            }
            // Who ends or starts another program meanwhile leaves its shares to the others: they would count twice.
            let isSound = residents.allSatisfy { pid, earlier in
                (resident(of: pid)?.bytes ?? 0) >= earlier.bytes - earlier.bytes / 50
            }
            if isSound { shares = read }
            nextReading = ContinuousClock.now + (threadCPUTime() - before) * 20
        }
        peakBytes = max(peakBytes, residents.reduce(0) { $0 + (shares[$1.key]?.bytes(now: $1.value) ?? 0) })
    }

    private func threadCPUTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private func resident(of pid: Int32) -> Resident? {
        guard let text = readText("/proc/\(pid)/statm") else { return nil }
        let pages = text.split(separator: " ").prefix(3).compactMap { Int64($0) }
        guard pages.count == 3 else { return nil }
        let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return Resident(bytes: pages[1] * pageBytes, anonymousBytes: (pages[1] - pages[2]) * pageBytes)
    }

    /// nil where the kernel does not report it: before 4.14, or where the program changed its user.
    private func proportionalBytes(of pid: Int32) -> Int64? {
        guard let text = readText("/proc/\(pid)/smaps_rollup"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Pss:") })
        else { return nil }
        let words = line.split(separator: " ")
        return words.count > 1 ? Int64(words[1]).map { $0 * 1024 } : nil
    }
}

/// The children of all its threads; empty where it is gone.
func childProcesses(of pid: Int32) -> [Int32] {
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
