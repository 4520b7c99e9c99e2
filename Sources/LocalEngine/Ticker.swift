// Calls something again and again, on a thread of its own: those of Swift's pool may all be busy digesting files, and
// timeouts must not wait for them.

import CLinux
import Glibc
import Model
import Programs
import Synchronization

final class Ticker: Sendable {
    /// An eventfd that ends the wait for the next tick.
    private let wakeup: Int32
    private let isStopped = Mutex(false)

    /// - Parameters:
    ///   - interval: the time until the next tick; asked before each.
    ///   - tick: what is to be done.
    /// - Throws: if no file descriptor or thread is available.
    init(interval: @escaping @Sendable () -> Duration, tick: @escaping @Sendable () -> Void) throws(Failure) {
        wakeup = clinux_eventfd()
        guard wakeup >= 0 else { throw noDescriptor() }
        let isStarted = onDetachedThread { [self] in
            while !isStopped.withLock({ $0 }) {
                var waited = pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)
                poll(&waited, 1, Int32((interval() / .milliseconds(1)).rounded(.up)))
                var count: UInt64 = 0
                _ = read(wakeup, &count, 8)
                tick()
            }
        }
        guard isStarted else { throw Failure(.engine, "cannot create a thread; raise the limit (`ulimit -u`)") }
    }

    deinit { close(wakeup) }

    /// The next tick comes now.
    func nudge() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    /// At most one more tick comes.
    func stop() {
        isStopped.withLock { $0 = true }
        nudge()
    }
}
