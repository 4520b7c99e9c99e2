// The meters of what runs here: memory of process trees, GPUs, the kernel's out-of-memory kills. Knows executions by
// number and processes by theirs; does not know stages.

import EngineAPI
import GPU
import Glibc
import Model
import Synchronization

extension EngineOutcome {
    package init(_ ending: ProcessEnding, _ metered: Meters.Metered) {
        self.init(
            exit: ending.signal.map { .signal($0) } ?? .code(ending.exitCode ?? 0),
            usage: Usage(
                wallSeconds: metered.wallSeconds, userCPUSeconds: Double(ending.userMicroseconds) / 1e6,
                systemCPUSeconds: Double(ending.systemMicroseconds) / 1e6,
                maxRSSBytes: max(Int64(clamping: ending.peakResidentBytes), metered.peakBytes),
                readBytes: ending.readBytes, writeBytes: ending.writeBytes, gpuPeakBytes: metered.gpus?.peakBytes,
                gpuPeakSource: metered.gpus?.peakSource, gpuMeanUtilization: metered.gpus?.meanUtilization),
            leftoverProcesses: Int(ending.leftovers), sawOutOfMemoryKill: metered.sawOutOfMemoryKill,
            gpuSamples: metered.gpus?.samples ?? [])
    }
}

/// The meters of what runs.
package final class Meters: Sendable {
    package struct Metered {
        var wallSeconds = 0.0
        var peakBytes: Int64 = 0
        var sawOutOfMemoryKill = false
        var gpus: GPUUsage?
    }

    private struct Entry {
        /// The kernel's count when it was launched, or up to one sampling interval before.
        let outOfMemoryKills: Int64
        /// Of CLOCK_MONOTONIC.
        var startNanoseconds: UInt64?
        var tree: ProcessTreeMeter?
        var nextSample: ContinuousClock.Instant
        let youngUntil: ContinuousClock.Instant
    }

    private let gpus: GPUMeter
    private let entries = Mutex<[UInt64: Entry]>([:])
    /// Reading the kernel's count costs as much as a small stage does, so launches take the last one read.
    private let outOfMemoryKills = Mutex(outOfMemoryKillCount())

    package init(_ driver: GPUDriver) { gpus = GPUMeter(driver) }

    package func shutDown() { gpus.shutDown() }

    package func launched(_ id: UInt64, _ grant: GPUGrant) {
        let now = ContinuousClock.now
        let entry = Entry(
            outOfMemoryKills: outOfMemoryKills.withLock { $0 }, nextSample: now, youngUntil: now + .seconds(30))
        entries.withLock { $0[id] = entry }
        gpus.launched(id, grant)
    }

    package func began(_ id: UInt64, pid: Int32, nanoseconds: UInt64) {
        entries.withLock {
            $0[id]?.tree = ProcessTreeMeter(root: pid)
            $0[id]?.startNanoseconds = nanoseconds
        }
    }

    package func sample(supervisor: Int32) {
        let now = ContinuousClock.now
        let due = entries.withLock { $0.filter { $0.value.tree != nil && $0.value.nextSample <= now } }
        if !due.isEmpty {
            let count = outOfMemoryKillCount()
            outOfMemoryKills.withLock { $0 = count }
        }
        var turns: [GPUMeter.Turn] = []
        let adopted = due.isEmpty ? [] : childProcesses(of: supervisor)
        for (id, entry) in due {
            var tree = entry.tree
            tree?.sample(adopted: adopted)
            entries.withLock {
                $0[id]?.tree = tree
                // A little early, so that a late tick does not skip a turn.
                $0[id]?.nextSample = now + (now < entry.youngUntil ? .milliseconds(180) : .milliseconds(980))
            }
            if let tree, let start = entry.startNanoseconds {
                turns.append(GPUMeter.Turn(id: id, pids: tree.pids, seconds: secondsSince(nanoseconds: start)))
            }
        }
        if !turns.isEmpty { gpus.sample(turns) }
    }

    /// - Parameter nanoseconds: of CLOCK_MONOTONIC.
    private func secondsSince(nanoseconds: UInt64) -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) - Int64(nanoseconds)) / 1e9
    }

    package func peakBytes(of id: UInt64) -> Int64? { entries.withLock { $0[id]?.tree?.peakBytes } }

    /// - Parameter wasKilled: by a KILL that may have been the kernel's, for lack of memory.
    package func ended(_ id: UInt64, nanoseconds: UInt64?, wasKilled: Bool) -> Metered {
        let usedOfGPUs = gpus.ended(id)
        guard let entry = entries.withLock({ $0.removeValue(forKey: id) }) else { return Metered() }
        var wall = 0.0
        if let start = entry.startNanoseconds, let end = nanoseconds, end > start { wall = Double(end - start) / 1e9 }
        return Metered(
            wallSeconds: wall, peakBytes: entry.tree?.peakBytes ?? 0,
            sawOutOfMemoryKill: wasKilled && outOfMemoryKillCount() > entry.outOfMemoryKills, gpus: usedOfGPUs)
    }
}
