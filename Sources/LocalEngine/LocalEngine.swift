// Runs commands on this machine, through the supervisor process, and meters them. Knows processes; does not know
// stages, retries or the store.

import EngineAPI
import GPU
import Glibc
import Model
import ProcessHost
import Synchronization

/// The engine `local`.
public final class LocalEngine: Engine {
    /// What there is once the engine is open.
    private struct Opened {
        let supervisor: Supervisor
        let locks: GPULocks
        let ticker: Ticker
    }

    public static let recordedName = "local"
    public let name = LocalEngine.recordedName
    public let outlivesCoordinator = false
    public let admission: Admission
    private let devices: [Device]
    private let meters: Meters
    private let opened = Mutex<Opened?>(nil)
    /// What was submitted and is not known to run, for the sentence about one that cannot be started.
    private let starting = Mutex<[UInt64: Launch]>([:])

    /// Starts nothing yet.
    ///
    /// - Parameters:
    ///   - capacity: what executions may use of this machine.
    ///   - driver: reports what GPUs do; opened when something has run for a moment that could use one.
    public init(capacity: Capacity, driver: GPUDriver) {
        admission = .pool(capacity)
        devices = capacity.gpus
        meters = Meters(driver)
    }

    public var sharedDevices: (any SharedDevices)? { opened.withLock { $0?.locks } }

    public var descriptor: Int32 { opened.withLock { $0?.supervisor.descriptor } ?? -1 }

    /// Starts the supervisor process. It keeps the lock files of the GPUs open until the last process has ended, even
    /// where this program is killed.
    public func open() throws(Failure) {
        let locks = GPULocks(devices)
        let supervisor = try Supervisor.start(holding: locks.descriptors)
        let ticker = try Ticker(interval: { [meters] in meters.untilNextTick }) { [meters] in
            supervisor.wake()
            meters.sample(supervisor: supervisor.pid)
            for (id, graceSeconds) in meters.takeOverLimit() {
                supervisor.stop(id: id, graceSeconds: graceSeconds)
            }
        }
        opened.withLock { $0 = Opened(supervisor: supervisor, locks: locks, ticker: ticker) }
    }

    public func submit(_ batch: [Launch]) {
        guard let supervisor = opened.withLock({ $0?.supervisor }) else {
            preconditionFailure("submit before open")
        }
        for launch in batch {
            let id = launch.executionID.processID
            guard meters.submitted(id, launch) else { continue }
            starting.withLock { $0[id] = launch }
            supervisor.spawn(
                SpawnRequest(
                    id: id, arguments: launch.arguments, plainWords: launch.plainWords ?? [],
                    environment: launch.environment, workingDirectory: launch.workingDirectory,
                    logPath: launch.logPath, token: launch.token, graceSeconds: launch.graceSeconds))
        }
    }

    /// Nothing outlives the coordinator here: the supervisor ends it.
    public func reattach(_ jobs: [JobReference]) {}

    public func cancel(_ ids: [ExecutionID], graceSeconds: Double) {
        guard let supervisor = opened.withLock({ $0?.supervisor }) else { return }
        for id in ids {
            meters.cancelled(id.processID)
            supervisor.stop(id: id.processID, graceSeconds: graceSeconds)
        }
    }

    public func takeEvents() -> [EngineEvent] {
        guard let supervisor = opened.withLock({ $0?.supervisor }) else { return [] }
        var events: [EngineEvent] = []
        for event in supervisor.takeEvents() { append(event, to: &events) }
        return events
    }

    /// What an event of the supervisor means to the coordinator, once the meters know of it.
    private func append(_ event: SupervisorEvent, to events: inout [EngineEvent]) {
        switch event {
        case .started(let id, let pid, let nanoseconds):
            _ = starting.withLock { $0.removeValue(forKey: id) }
            if meters.began(id, pid: pid, nanoseconds: nanoseconds) { opened.withLock { $0?.ticker.nudge() } }
            events.append(.started(ExecutionID(processID: id), StartedExecution()))
        case .failed(let id, let number, let step):
            _ = meters.ended(id, nanoseconds: nil, wasKilled: false)
            let command = starting.withLock { $0.removeValue(forKey: id) }.map { StartingCommand($0) }
            let reason =
                command?.failure(step: step, number: number)
                ?? "its command could not be started (\(step)): \(String(cString: strerror(number)))"
            events.append(.rejected(ExecutionID(processID: id), reason: reason))
        case .exited(let ending):
            // A shell reports a killed child by the code 137.
            let wasKilled = ending.signal == SIGKILL || ending.exitCode == 128 + SIGKILL
            let metered = meters.ended(ending.id, nanoseconds: ending.nanoseconds, wasKilled: wasKilled)
            events.append(.ended(ExecutionID(processID: ending.id), EngineOutcome(ending, metered)))
        case .gone:
            let left = meters.removeAll()
            _ = endOrphans(tokens: Set(left.map(\.token)))
            let sentence = "the supervisor process died, and the running stages with it; run the same command again"
            events.append(.failed(sentence))
            events += left.map { .lost(ExecutionID(processID: $0.id), reason: sentence) }
        }
    }

    /// Ends everything in either mode.
    public func close(_ mode: CloseMode) {
        guard let opened = opened.withLock({ $0 }) else { return }
        opened.supervisor.shutDown()
        opened.ticker.stop()
        meters.shutDown()
    }
}

extension ExecutionID {
    /// The number that the supervisor knows the execution by.
    fileprivate var processID: UInt64 { UInt64(bitPattern: value) }
    fileprivate init(processID: UInt64) { self.init(Int64(bitPattern: processID)) }
}
