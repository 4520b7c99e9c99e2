// How this machine's GPUs are told of: by NVIDIA's library, else by its program, else not at all. Found out when it is
// first asked for, for that takes a driver a while.

import Synchronization

/// The way to the GPUs of this machine.
public final class GPUDriver: Sendable {
    private enum State {
        case unopened
        case opened((any GPUReader)?)
    }

    private let state = Mutex(State.unopened)

    public init() {}

    /// What tells of the GPUs; nil where nothing does. The first call may take as long as the driver does.
    public var reader: (any GPUReader)? {
        state.withLock { state in
            if case .opened(let reader) = state { return reader }
            let reader: (any GPUReader)? = NVML() ?? NvidiaSMI()
            state = .opened(reader)
            return reader
        }
    }

    /// What there is; nil where nothing tells.
    public var inventory: GPUInventory? { reader?.inventory }
}
