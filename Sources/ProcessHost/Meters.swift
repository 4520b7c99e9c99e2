// The meters and limits of what runs here: memory of process trees, GPUs, the kernel's out-of-memory kills, timeouts.
// Knows executions and processes by number; does not know stages, and ends nothing itself.

import EngineAPI
import GPU
import Glibc
import Model
import Synchronization

extension EngineOutcome {
    package init(_ ending: ProcessEnding, _ metered: Meters.Metered) {
        self.init(
            exit: ending.signal.map { .signal($0) } ?? .code(ending.exitCode ?? 0), stopCause: metered.stopCause,
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

/// Measures executions from their submission to their end, and finds those that pass a limit.
package final class Meters: Sendable {
    package struct Metered {
        var wallSeconds = 0.0
        var peakBytes: Int64 = 0
        var sawOutOfMemoryKill = false
        var stopCause: StopCause?
        var gpus: GPUUsage?
    }

    private struct Entry {
        let token: String
        let graceSeconds: Double
        let timeoutSeconds: Double?
        let memoryLimitBytes: Int64?
        /// The kernel's count at the submission, or up to one sampling interval before.
        let outOfMemoryKills: Int64
        /// Of CLOCK_MONOTONIC.
        var startNanoseconds: UInt64?
        var tree: ProcessTreeMeter?
        var nextSample: ContinuousClock.Instant
        let youngUntil: ContinuousClock.Instant
        /// The limit that it passed first.
        var stopCause: StopCause?
        /// Being ended for another reason: limits no longer matter.
        var isCancelled = false

        /// The end of its timeout, in nanoseconds of CLOCK_MONOTONIC.
        var timeoutEnd: UInt64? {
            guard let start = startNanoseconds, let timeoutSeconds else { return nil }
            // Clamped to avoid overflow: a century.
            return start + UInt64(max(0, min(timeoutSeconds, 3.2e9)) * 1e9)
        }

        /// When the timeout has to end it.
        var deadline: UInt64? { stopCause == nil && !isCancelled ? timeoutEnd : nil }

        var isOverMemory: Bool {
            guard stopCause == nil, !isCancelled, let memoryLimitBytes, let tree else { return false }
            return tree.peakBytes > memoryLimitBytes
        }
    }

    private static let samplingInterval = Duration.milliseconds(200)

    private let gpus: GPUMeter
    private let entries = Mutex<[UInt64: Entry]>([:])
    /// Reading the kernel's count costs as much as a small stage does, so submissions take the last one read.
    private let outOfMemoryKills = Mutex(outOfMemoryKillCount())

    package init(_ driver: GPUDriver) { gpus = GPUMeter(driver) }

    package func shutDown() { gpus.shutDown() }

    /// - Returns: false where the execution is known already.
    package func submitted(_ id: UInt64, _ launch: Launch) -> Bool {
        let now = ContinuousClock.now
        let entry = Entry(
            token: launch.token, graceSeconds: launch.graceSeconds, timeoutSeconds: launch.timeoutSeconds,
            memoryLimitBytes: launch.memoryLimitBytes, outOfMemoryKills: outOfMemoryKills.withLock { $0 },
            nextSample: now, youngUntil: now + .seconds(30))
        let isNew = entries.withLock { entries in
            guard entries[id] == nil else { return false }
            entries[id] = entry
            return true
        }
        if isNew { gpus.launched(id, GPUGrant(launch)) }
        return isNew
    }

    /// - Returns: whether its timeout may come before the next tick.
    package func began(_ id: UInt64, pid: Int32, nanoseconds: UInt64) -> Bool {
        entries.withLock {
            $0[id]?.tree = ProcessTreeMeter(root: pid)
            $0[id]?.startNanoseconds = nanoseconds
            return $0[id]?.timeoutSeconds.map { $0 < Self.samplingInterval / .seconds(1) } ?? false
        }
    }

    package func cancelled(_ id: UInt64) { entries.withLock { $0[id]?.isCancelled = true } }

    /// Samples executions whose turn it is: every 200 ms in their first 30 s, then every second.
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
                let seconds = Double(Int64(bitPattern: monotonicNanoseconds() &- start)) / 1e9
                turns.append(GPUMeter.Turn(id: id, pids: tree.pids, seconds: seconds))
            }
        }
        if !turns.isEmpty { gpus.sample(turns) }
    }

    /// How long nothing has to be sampled or ended.
    package var untilNextTick: Duration {
        guard let deadline = entries.withLock({ $0.values.lazy.compactMap(\.deadline).min() }) else {
            return Self.samplingInterval
        }
        let left = Int64(bitPattern: deadline &- monotonicNanoseconds())
        return min(Self.samplingInterval, max(.zero, .nanoseconds(left)))
    }

    /// Executions that have passed their timeout or memory limit since the last call, with their grace periods.
    package func takeOverLimit() -> [(id: UInt64, graceSeconds: Double)] {
        let now = monotonicNanoseconds()
        return entries.withLock { entries in
            var found: [(id: UInt64, graceSeconds: Double)] = []
            for (id, entry) in entries {
                let cause: StopCause? =
                    if let deadline = entry.deadline, deadline <= now { .timeout } else if entry.isOverMemory {
                        .memoryLimit
                    } else { nil }
                guard let cause else { continue }
                entries[id]?.stopCause = cause
                found.append((id, entry.graceSeconds))
            }
            return found
        }
    }

    /// - Parameter wasKilled: by a KILL that may have been the kernel's, for lack of memory.
    package func ended(_ id: UInt64, nanoseconds: UInt64?, wasKilled: Bool) -> Metered {
        let usedOfGPUs = gpus.ended(id)
        guard let entry = entries.withLock({ $0.removeValue(forKey: id) }) else { return Metered() }
        var wall = 0.0
        if let start = entry.startNanoseconds, let end = nanoseconds, end > start { wall = Double(end - start) / 1e9 }
        return Metered(
            wallSeconds: wall, peakBytes: entry.tree?.peakBytes ?? 0,
            sawOutOfMemoryKill: wasKilled && outOfMemoryKillCount() > entry.outOfMemoryKills,
            stopCause: endedInTime(entry, nanoseconds) ? nil : entry.stopCause, gpus: usedOfGPUs)
    }

    /// Whether the command had ended by itself when the timeout was noticed.
    private func endedInTime(_ entry: Entry, _ nanoseconds: UInt64?) -> Bool {
        guard entry.stopCause == .timeout, let nanoseconds, let timeoutEnd = entry.timeoutEnd else { return false }
        return nanoseconds < timeoutEnd
    }

    /// Forgets all executions.
    ///
    /// - Returns: those that had not ended, in order.
    package func removeAll() -> [(id: UInt64, token: String)] {
        entries.withLock { entries in
            defer { entries.removeAll() }
            return entries.map { ($0.key, $0.value.token) }.sorted { $0.0 < $1.0 }
        }
    }
}

private func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
