// Devices that other runs on the same machine hold: when to look again, and which waits the user knows of. Does not
// know how devices are locked.

import EngineAPI
import Model

struct DeviceWaits {
    private static let secondsBetweenLooks = 0.5

    /// The engine's; nil where it shares devices out itself.
    var shared: (any SharedDevices)?
    /// When to look again at what other runs hold; nil while nothing waits for it.
    private(set) var nextLook: Timestamp?
    /// What was taken of each device at the last look.
    private var taken: [Quantity] = []
    private var notified = Set<StageIndex>()
    private var wasUnavailable = false

    func take(_ lease: Lease) -> DeviceClaim? { shared?.take(lease.gpus ?? [], share: lease.gpuShare) }

    /// Whether this is the first time that devices could not be locked.
    mutating func isFirstUnavailable() -> Bool {
        defer { wasUnavailable = true }
        return !wasUnavailable
    }

    /// What is taken of each device now.
    mutating func look() -> [Quantity]? {
        guard let shared else { return nil }
        taken = shared.taken()
        return taken
    }

    /// Whether it is time to look again, and the devices are not held as they were.
    mutating func haveChanged(at now: Timestamp) -> Bool {
        guard let shared, let look = nextLook, look <= now else { return false }
        nextLook = now.adding(seconds: Self.secondsBetweenLooks)
        return shared.taken() != taken
    }

    /// Stages that wait for devices of other runs and were not reported yet. Sees to it that these are looked at again.
    mutating func newlyWaiting(
        _ heldUp: (stages: [StageIndex], gpus: [String]), at now: Timestamp
    ) -> [(index: StageIndex, reason: String)] {
        nextLook = heldUp.stages.isEmpty ? nil : now.adding(seconds: Self.secondsBetweenLooks)
        let reason = "another run on this machine holds \(heldUp.gpus.joined(separator: ", "))"
        return heldUp.stages.filter { notified.insert($0).inserted }.map { ($0, reason) }
    }
}
