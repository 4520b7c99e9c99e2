// How this machine's GPUs are told of: by NVIDIA's library, else by its program, else not at all. Found out when it is
// first asked for, for that takes a driver a while.

import Glibc
import Programs
import Synchronization

/// On a thread of its own, which is left behind where the driver hangs.
private func openReader(withinSeconds limit: Int) -> (any GPUReader)? {
    final class Opening: Sendable {
        /// nil until it is known whether there is one.
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

/// The way to the GPUs of this machine.
public final class GPUDriver: Sendable {
    private enum State {
        case unopened
        case opened((any GPUReader)?)
    }

    private let state = Mutex(State.unopened)

    public init() {}

    /// What tells of the GPUs; nil where nothing does, or has not within 20 s: a driver that hangs holds nobody up.
    public var reader: (any GPUReader)? {
        state.withLock { state in
            if case .opened(let reader) = state { return reader }
            let reader = openReader(withinSeconds: 20)
            state = .opened(reader)
            return reader
        }
    }

    /// What there is; nil where nothing tells.
    public var inventory: GPUInventory? { reader?.inventory }
}
