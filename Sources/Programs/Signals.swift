// Ctrl-C, TERM, HUP and QUIT as something to read, instead of something that happens in the middle of anything.

import CLinux
import Glibc
import Model

/// The failure of a call that needs a file descriptor and got none, with `errno`.
public func noDescriptor() -> Failure {
    Failure(
        .store,
        "no file can be opened: \(String(cString: strerror(errno))). Raise the limit on open files (`ulimit -n`).")
}

/// Blocks the four signals in this thread and all that it creates, and hands them out one by one.
public struct SignalSource: ~Copyable {
    public let descriptor: Int32

    /// Before any other thread exists, so that none of them is interrupted instead.
    ///
    /// - Throws: where no file descriptor is left.
    public init() throws(Failure) {
        descriptor = clinux_block_stop_signals()
        if descriptor < 0 { throw noDescriptor() }
    }

    deinit { close(descriptor) }

    /// The next signal that came; nil when there is none.
    public func next() -> Int32? {
        let signal = clinux_next_signal(descriptor)
        return signal == 0 ? nil : signal
    }
}
