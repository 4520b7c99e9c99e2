// Reads INT, TERM, HUP and QUIT from a descriptor instead of handling them asynchronously. Knows signals; does not know
// what they should stop.

import CLinux
import Glibc
import Model
import Synchronization

/// The failure if no file descriptor is available, from `errno`.
public func noDescriptor() -> Failure {
    Failure(
        .store,
        "cannot open a file: \(String(cString: strerror(errno))). Raise the limit on open files (`ulimit -n`).")
}

/// Blocks the four signals in this thread and all threads that it creates, and returns them one by one.
public struct SignalSource: ~Copyable, Sendable {
    /// Readable while a signal is pending.
    public let descriptor: Int32

    /// Must be called before other threads exist, because these would receive the signals.
    ///
    /// - Throws: if no file descriptor is available.
    public init() throws(Failure) {
        descriptor = clinux_block_stop_signals()
        if descriptor < 0 { throw noDescriptor() }
    }

    deinit { close(descriptor) }

    /// The next pending signal; nil if there is none.
    public func next() -> Int32? {
        let signal = clinux_next_signal(descriptor)
        guard signal != 0 else { return nil }
        newestStopSignal.store(signal, ordering: .relaxed)
        return signal
    }
}

/// 0: none was taken from a `SignalSource`.
private let newestStopSignal = Atomic<Int32>(0)

/// The newest of the four signals that this process has got while it blocks them, whether or not it was taken from the
/// source; nil if there is none. For code that waits for something else than the source.
public func receivedStopSignal() -> Int32? {
    var pending = sigset_t()
    sigpending(&pending)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] where sigismember(&pending, signal) == 1 { return signal }
    let taken = newestStopSignal.load(ordering: .relaxed)
    return taken == 0 ? nil : taken
}
