// Runs commands on this machine, through the supervisor process, and meters them. Knows processes; does not know stages,
// retries or the store.

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
    /// - Parameter events: is called from another thread.
    public init(events: @escaping @Sendable (EngineEvent) -> Void) throws(Failure) {
        let meters = Meters()
        self.meters = meters
        supervisor = try Supervisor.start { event in
            switch event {
            case .started(let id, let pid):
                meters.began(id, pid: pid)
                events(.started(ExecutionID(Int64(bitPattern: id))))
            case .failed(let id, let sentence):
                let wall = meters.ended(id).wallSeconds
                events(
                    .finished(
                        ExecutionID(Int64(bitPattern: id)),
                        EngineOutcome(
                            exit: .notStarted(sentence), usage: Usage(wallSeconds: wall), leftoverProcesses: 0,
                            sawOutOfMemoryKill: false)))
            case .exited(let id, let report):
                let metered = meters.ended(id)
                let usage = Usage(
                    wallSeconds: metered.wallSeconds, userCPUSeconds: report.userSeconds,
                    systemCPUSeconds: report.systemSeconds, maxRSSBytes: max(report.maxRSSBytes, metered.peakBytes),
                    readBytes: report.readBytes, writeBytes: report.writeBytes)
                events(
                    .finished(
                        ExecutionID(Int64(bitPattern: id)),
                        EngineOutcome(
                            exit: report.exit, usage: usage, leftoverProcesses: report.leftoverProcesses,
                            sawOutOfMemoryKill: metered.sawOutOfMemoryKill)))
            case .gone:
                events(.engineLost("the supervisor process of this run is gone; what ran was ended. Start `runs exec` again."))
            }
        }
        // Every 200 ms for the first 30 s of an execution, then every second.
        metering = Task.detached {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(200))
                meters.sample()
            }
        }
    }

    public func launch(_ batch: [Launch]) {
        for launch in batch {
            let id = UInt64(bitPattern: launch.executionID.value)
            meters.launched(id)
            supervisor.spawn(
                SpawnRequest(
                    id: id, arguments: launch.arguments, environment: launch.environment,
                    workingDirectory: launch.workingDirectory, logPath: launch.logPath, token: launch.token,
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
        metering.cancel()
        supervisor.shutDown()
    }
}

/// The meters of what runs.
private final class Meters: Sendable {
    private struct Entry {
        let launchedAt: ContinuousClock.Instant
        let outOfMemoryKills: Int64
        var tree: ProcessTreeMeter?
        var nextSample: ContinuousClock.Instant
    }

    private let entries = Mutex<[UInt64: Entry]>([:])

    func launched(_ id: UInt64) {
        let now = ContinuousClock.now
        entries.withLock {
            $0[id] = Entry(launchedAt: now, outOfMemoryKills: outOfMemoryKillCount(), tree: nil, nextSample: now)
        }
    }

    func began(_ id: UInt64, pid: Int32) { entries.withLock { $0[id]?.tree = ProcessTreeMeter(root: pid) } }

    func sample() {
        let now = ContinuousClock.now
        let due = entries.withLock { $0.filter { $0.value.tree != nil && $0.value.nextSample <= now } }
        for (id, entry) in due {
            var tree = entry.tree
            tree?.sample()
            let isYoung = now - entry.launchedAt < .seconds(30)
            entries.withLock {
                $0[id]?.tree = tree
                $0[id]?.nextSample = now + (isYoung ? .milliseconds(200) : .seconds(1)) - .milliseconds(20)
            }
        }
    }

    func peakBytes(of id: UInt64) -> Int64? { entries.withLock { $0[id]?.tree?.peakBytes } }

    func ended(_ id: UInt64) -> (wallSeconds: Double, peakBytes: Int64, sawOutOfMemoryKill: Bool) {
        guard let entry = entries.withLock({ $0.removeValue(forKey: id) }) else { return (0, 0, false) }
        let wall = (ContinuousClock.now - entry.launchedAt) / .seconds(1)
        return (wall, entry.tree?.peakBytes ?? 0, outOfMemoryKillCount() > entry.outOfMemoryKills)
    }
}
