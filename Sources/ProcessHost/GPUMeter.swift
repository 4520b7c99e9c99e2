// Reads the GPUs while executions run: one reading for all executions, on a thread of its own, because a driver may be
// slow or hang. Knows executions by number; what they used is computed in GPUAccount.swift.

import Dispatch
import EngineAPI
import GPU
import Glibc
import Programs
import Synchronization

final class GPUMeter: Sendable {
    /// An execution whose turn it is.
    struct Turn: Sendable {
        let id: UInt64
        /// Of its process tree.
        let pids: Set<Int32>
        /// Since it began.
        let seconds: Double
    }

    private struct State {
        /// Of executions for which it is not known yet which devices they may use.
        var grants: [UInt64: GPUGrant] = [:]
        var accounts: [UInt64: GPUAccount] = [:]
        /// A reading is under way; there is only one at a time.
        var isReading = false
        /// There is no driver.
        var isOff = false
    }

    private let driver: GPUDriver
    private let queue = DispatchQueue(label: "GPU metering")
    private let reading = DispatchGroup()
    private let state = Mutex(State())
    private let arePIDsForeign: Bool

    init(_ driver: GPUDriver) {
        self.driver = driver
        var namespace = [CChar](repeating: 0, count: 128)
        _ = readlink("/proc/self/ns/pid", &namespace, namespace.count - 1)
        // The number of the first namespace, the machine's own, is part of the kernel's interface.
        arePIDsForeign = text(of: namespace) != "pid:[4026531836]"
    }

    /// An execution will begin.
    func launched(_ id: UInt64, _ grant: GPUGrant) {
        if case .hidden = grant { return }
        state.withLock { if !$0.isOff { $0.grants[id] = grant } }
        // The baseline, in case the device has to stand for its processes.
        if case .given(_, isExclusive: true) = grant { read(for: []) }
    }

    /// Reads the devices for these executions, unless the last reading is still under way.
    func sample(_ turns: [Turn]) {
        let isOfUse = state.withLock { state in
            turns.contains { state.grants[$0.id] != nil || state.accounts[$0.id]?.devices.isEmpty == false }
        }
        if isOfUse { read(for: turns) }
    }

    /// What the execution used; nil where it was never sampled.
    func ended(_ id: UInt64) -> GPUUsage? {
        state.withLock { state in
            state.grants[id] = nil
            return state.accounts.removeValue(forKey: id)?.usage
        }
    }

    /// Waits for a reading that is under way, because drivers do not expect programs to exit meanwhile; but at most two
    /// seconds, in case it hangs.
    func shutDown() {
        state.withLock { $0.isOff = true }
        _ = reading.wait(timeout: .now() + .seconds(2))
    }

    private func read(for turns: [Turn]) {
        let isFree = state.withLock { state in
            if state.isReading || state.isOff { return false }
            state.isReading = true
            return true
        }
        guard isFree else { return }
        queue.async(group: reading) { [self] in
            readNow(for: turns)
            state.withLock { $0.isReading = false }
        }
    }

    private func readNow(for turns: [Turn]) {
        guard let reader = driver.reader else {
            return state.withLock { state in
                state.isOff = true
                state.grants.removeAll()
            }
        }
        let (new, devices) = state.withLock { state in
            var new = Set<UInt64>()
            for (id, grant) in state.grants {
                state.accounts[id] = account(for: grant, in: reader.inventory)
                if case .given(_, isExclusive: true) = grant { new.insert(id) }
            }
            state.grants.removeAll()
            var devices = Set<String>()
            for id in new.union(turns.map(\.id)) { devices.formUnion(state.accounts[id]?.devices ?? []) }
            return (new, devices)
        }
        guard !devices.isEmpty else { return }
        let readings = reader.read(devices)
        guard !readings.isEmpty else { return }
        state.withLock { state in
            for id in new { state.accounts[id]?.began(readings) }
            for turn in turns {
                state.accounts[turn.id]?.take(
                    readings, pids: turn.pids, seconds: turn.seconds, isByProgram: reader.isProgram)
            }
        }
    }

    private func account(for grant: GPUGrant, in inventory: GPUInventory) -> GPUAccount {
        let (devices, isGiven, isExclusive): ([String], Bool, Bool) =
            switch grant {
            case .hidden: ([], false, false)
            case .untouched(let environment):
                (visibleGPUs(visibleDevices(environment), in: inventory).map(\.name), false, false)
            case .given(let uuids, let isExclusive): (uuids, true, isExclusive)
            }
        return GPUAccount(
            devices: Set(devices), isGiven: isGiven, isExclusive: isExclusive, arePIDsForeign: arePIDsForeign)
    }
}

private func visibleDevices(_ environment: [String]) -> String? {
    let prefix = "CUDA_VISIBLE_DEVICES="
    return environment.last { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
}
