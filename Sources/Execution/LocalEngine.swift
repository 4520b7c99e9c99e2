// Runs commands on this machine, through the supervisor process, and meters them. Knows processes; does not know stages,
// retries or the store.

import GPU
import Glibc
import Model
import Synchronization

/// The engine `local`.
public final class LocalEngine: Engine {
    public let name = "local"
    private let supervisor: Supervisor
    private let meters: Meters
    private let metering: Task<Void, Never>

    /// Starts the supervisor process.
    ///
    /// - Parameters:
    ///   - driver: tells what GPUs do; opened when something has run for a moment that could use one.
    ///   - holding: descriptors that are kept open until the last process has ended, even where this program is killed.
    public init(driver: GPUDriver, holding: [Int32]) throws(Failure) {
        let meters = Meters(driver)
        self.meters = meters
        supervisor = try Supervisor.start(holding: holding)
        // Every 200 ms for the first 30 s of an execution, then every second.
        metering = Task.detached { [supervisor] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(200))
                supervisor.wake()
                meters.sample(supervisor: supervisor.pid)
            }
        }
    }

    public var descriptor: Int32 { supervisor.descriptor }

    public func takeEvents() -> [EngineEvent] { supervisor.takeEvents().compactMap(taken) }

    /// What an event means to the engine's user, once the meters know of it.
    private func taken(_ event: SupervisorEvent) -> EngineEvent? {
        switch event {
        case .started(let id, let pid, let nanoseconds):
            meters.began(id, pid: pid, nanoseconds: nanoseconds)
            return nil
        case .failed(let id, let number, let step):
            _ = meters.ended(id, nanoseconds: nil, wasKilled: false)
            return .finished(
                ExecutionID(Int64(bitPattern: id)),
                EngineOutcome(
                    exit: .notStarted(
                        "its command could not be started (\(step)): \(String(cString: strerror(number)))"),
                    usage: Usage(wallSeconds: 0), leftoverProcesses: 0, sawOutOfMemoryKill: false))
        case .exited(let ending):
            // A shell tells of a killed child by the code 137.
            let wasKilled = ending.signal == SIGKILL || ending.exitCode == 128 + SIGKILL
            let metered = meters.ended(ending.id, nanoseconds: ending.nanoseconds, wasKilled: wasKilled)
            return .finished(ExecutionID(Int64(bitPattern: ending.id)), EngineOutcome(ending, metered))
        case .gone:
            return .engineLost(
                "the process that started the stages is gone, and what ran was ended with it; run the same command again"
            )
        }
    }

    public func launch(_ batch: [Launch]) {
        for launch in batch {
            let id = UInt64(bitPattern: launch.executionID.value)
            meters.launched(id, launch.gpus)
            supervisor.spawn(
                SpawnRequest(
                    id: id, arguments: launch.arguments, plainWords: launch.plainWords ?? [],
                    environment: launch.environment, workingDirectory: launch.workingDirectory, logPath: launch.logPath,
                    token: launch.token,
                    graceSeconds: launch.graceSeconds))
        }
    }

    public func stop(_ execution: ExecutionID, graceSeconds: Double) {
        supervisor.stop(id: UInt64(bitPattern: execution.value), graceSeconds: graceSeconds)
    }

    public func peakMemoryBytes(of execution: ExecutionID) -> Int64? {
        meters.peakBytes(of: UInt64(bitPattern: execution.value))
    }

    public func shutDown() {
        supervisor.shutDown()
        metering.cancel()
        meters.shutDown()
    }
}

extension EngineOutcome {
    fileprivate init(_ ending: ProcessEnding, _ metered: Meters.Metered) {
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
private final class Meters: Sendable {
    struct Metered {
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

    init(_ driver: GPUDriver) { gpus = GPUMeter(driver) }

    func shutDown() { gpus.shutDown() }

    func launched(_ id: UInt64, _ grant: GPUGrant) {
        let now = ContinuousClock.now
        let entry = Entry(
            outOfMemoryKills: outOfMemoryKills.withLock { $0 }, nextSample: now, youngUntil: now + .seconds(30))
        entries.withLock { $0[id] = entry }
        gpus.launched(id, grant)
    }

    func began(_ id: UInt64, pid: Int32, nanoseconds: UInt64) {
        entries.withLock {
            $0[id]?.tree = ProcessTreeMeter(root: pid)
            $0[id]?.startNanoseconds = nanoseconds
        }
    }

    func sample(supervisor: Int32) {
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

    func peakBytes(of id: UInt64) -> Int64? { entries.withLock { $0[id]?.tree?.peakBytes } }

    /// - Parameter wasKilled: by a KILL that may have been the kernel's, for lack of memory.
    func ended(_ id: UInt64, nanoseconds: UInt64?, wasKilled: Bool) -> Metered {
        let usedOfGPUs = gpus.ended(id)
        guard let entry = entries.withLock({ $0.removeValue(forKey: id) }) else { return Metered() }
        var wall = 0.0
        if let start = entry.startNanoseconds, let end = nanoseconds, end > start { wall = Double(end - start) / 1e9 }
        return Metered(
            wallSeconds: wall, peakBytes: entry.tree?.peakBytes ?? 0,
            sawOutOfMemoryKill: wasKilled && outOfMemoryKillCount() > entry.outOfMemoryKills, gpus: usedOfGPUs)
    }
}
