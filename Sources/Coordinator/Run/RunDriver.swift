// What a run needs of the world besides files, store and engine: time, waiting, signals, other threads. Tests drive
// runs by a clock of their own through it.

import Glibc
import Model
import Programs

/// Drives the loop of one run, from one thread.
public protocol RunDriver: AnyObject {
    func now() -> Timestamp

    /// Returns when one of the descriptors is readable, when a signal has come, or when the time is over.
    ///
    /// - Parameter descriptors: negative ones are ignored.
    /// - Returns: for each descriptor, whether it is readable.
    func wait(seconds: Double, for descriptors: [Int32]) -> [Bool]

    /// The next of INT, TERM, HUP and QUIT that has come; nil when there is none.
    func nextSignal() -> Int32?

    /// Starts work that may take long. It must not use what the loop uses.
    func inBackground(_ work: @escaping @Sendable () -> Void)

    /// Starts work that may never come back.
    ///
    /// - Returns: false where it could not be started.
    func onThreadOfItsOwn(_ work: @escaping @Sendable () -> Void) -> Bool
}

/// The real world.
public final class SystemDriver: RunDriver {
    private let signals: SignalSource
    private var sawSignal = false

    /// From now on the four signals are read instead of ending the program.
    ///
    /// - Throws: where no file descriptor is left.
    public init() throws(Failure) { signals = try SignalSource() }

    public func now() -> Timestamp { .now() }

    public func wait(seconds: Double, for descriptors: [Int32]) -> [Bool] {
        let isReadable = poll(descriptors + [signals.descriptor], seconds: seconds)
        sawSignal = sawSignal || isReadable[descriptors.count]
        return Array(isReadable.dropLast())
    }

    public func nextSignal() -> Int32? {
        guard sawSignal else { return nil }
        let signal = signals.next()
        sawSignal = signal != nil
        return signal
    }

    public func inBackground(_ work: @escaping @Sendable () -> Void) { Task.detached { work() } }

    public func onThreadOfItsOwn(_ work: @escaping @Sendable () -> Void) -> Bool { onDetachedThread(work) }
}

/// Waits for descriptors to become readable, at most that long (and an hour).
func poll(_ descriptors: [Int32], seconds: Double) -> [Bool] {
    var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let milliseconds = Int32(max(0, min(seconds * 1000, 3_600_000)).rounded(.up))
    Glibc.poll(&polled, nfds_t(polled.count), milliseconds)
    return polled.map { $0.revents != 0 }
}
