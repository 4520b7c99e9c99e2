// How the threads that hash files and look around speak to the one thread that decides. Knows nothing of what is
// said.

import CLinux
import DequeModule
import Glibc
import Model
import Programs
import Synchronization

/// A queue that many threads put into and one waits on, together with signals.
final class EventQueue<Event: Sendable>: Sendable {
    private let pending = Mutex(Deque<Event>())
    /// An eventfd that is readable while there is something to take.
    private let wakeup: Int32

    /// - Throws: where no file descriptor is left.
    init() throws(Failure) {
        wakeup = clinux_eventfd()
        guard wakeup >= 0 else { throw noDescriptor() }
    }

    deinit { close(wakeup) }

    func put(_ event: Event) {
        pending.withLock { $0.append(event) }
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    /// Everything that is there, after waiting at most that long for something.
    func take(waitingSeconds: Double) -> [Event] { take(waitingSeconds: waitingSeconds, also: []).events }

    /// The same.
    ///
    /// - Parameter also: other descriptors whose becoming readable ends the wait; negative ones are passed over.
    /// - Returns: also whether each of those is readable.
    func take(waitingSeconds: Double, also: [Int32]) -> (events: [Event], isReadable: [Bool]) {
        var descriptors = ([wakeup] + also).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let milliseconds = Int32(max(0, min(waitingSeconds * 1000, 3_600_000)).rounded(.up))
        poll(&descriptors, nfds_t(descriptors.count), milliseconds)
        let isReadable = descriptors.map { $0.revents != 0 }
        guard isReadable[0] else { return ([], Array(isReadable.dropFirst())) }
        var count: UInt64 = 0
        _ = read(wakeup, &count, 8)
        let events = pending.withLock { queue in
            defer { queue.removeAll(keepingCapacity: true) }
            return Array(queue)
        }
        return (events, Array(isReadable.dropFirst()))
    }
}

/// The result of work that is shared among all cores, for a thread that has nothing else to do.
///
/// - Throws: where no file descriptor is left.
func awaited<T: Sendable>(_ work: @escaping @Sendable () async -> T) throws(Failure) -> T {
    let done = try EventQueue<T>()
    Task.detached { done.put(await work()) }
    while true {
        if let result = done.take(waitingSeconds: 3600).first { return result }
    }
}
