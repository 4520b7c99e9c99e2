// How background threads send messages to the one thread that decides. Does not know what is in them.

import CLinux
import DequeModule
import Glibc
import Model
import Programs
import Synchronization

/// A queue that many threads put into and one takes from.
final class EventQueue<Event: Sendable>: Sendable {
    private let pending = Mutex(Deque<Event>())
    /// An eventfd that is readable while there is something to take.
    let descriptor: Int32

    /// - Throws: where no file descriptor is left.
    init() throws(Failure) {
        descriptor = clinux_eventfd()
        guard descriptor >= 0 else { throw noDescriptor() }
    }

    deinit { close(descriptor) }

    func put(_ event: Event) {
        pending.withLock { $0.append(event) }
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Everything that has been put; does not wait.
    func take() -> [Event] {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return pending.withLock { queue in
            defer { queue.removeAll(keepingCapacity: true) }
            return Array(queue)
        }
    }
}

/// The result of work that is shared among all cores, for a thread that has nothing else to do.
///
/// - Throws: where no file descriptor, or no thread, is left.
func awaited<T: Sendable>(_ work: @escaping @Sendable () async -> T) throws(Failure) -> T {
    try refuseUnusableTaskPool()
    let done = try EventQueue<T>()
    Task.detached { done.put(await work()) }
    while true {
        _ = poll([done.descriptor], seconds: 3600)
        if let result = done.take().first { return result }
    }
}
