// Chooses how to read this machine's GPUs: by NVIDIA's library, else by its program. Knows both readers; does not know
// what they return. Opened on first use, because a driver takes a while.

import Glibc
import Programs
import Synchronization

/// Uses a separate thread, which is abandoned if the driver hangs.
private func openReader(withinSeconds limit: Int) -> (any GPUReader)? {
    final class Opening: Sendable {
        /// nil until it is known whether a reader exists.
        let reader = Mutex<(any GPUReader)??>(nil)
    }
    let opening = Opening()
    let deadline = ContinuousClock.now + .seconds(limit)
    guard
        onDetachedThread({
            let found: (any GPUReader)? = NVML() ?? NvidiaSMI()
            opening.reader.withLock { $0 = .some(found) }
        })
    else { return nil }
    while ContinuousClock.now < deadline {
        if let found = opening.reader.withLock({ $0 }) { return found }
        usleep(500)
    }
    return nil
}

/// Access to the GPUs of this machine.
public final class GPUDriver: Sendable {
    private enum State {
        case unopened
        case opened((any GPUReader)?)
    }

    private let state = Mutex(State.unopened)

    public init() {}

    /// Reads the GPUs; nil if there is no driver or it does not answer within 20 s.
    public var reader: (any GPUReader)? {
        state.withLock { state in
            if case .opened(let reader) = state { return reader }
            let reader = openReader(withinSeconds: 20)
            state = .opened(reader)
            return reader
        }
    }

    /// The GPUs of this machine; nil if unknown.
    public var inventory: GPUInventory? { reader?.inventory }
}
