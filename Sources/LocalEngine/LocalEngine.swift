// Runs commands on this machine, through the supervisor process, and meters them. Knows processes; does not know stages,
// retries or the store.

import EngineAPI
import GPU
import Glibc
import Model
import ProcessHost
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
