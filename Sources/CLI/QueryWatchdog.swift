// Ends the program if a query goes on after its time. SQLite can be interrupted only between two instructions of its
// virtual machine, and one SQL function is one instruction, which may take hours. Knows the time and a thread; does not
// know SQL.

import Glibc
import Model
import Programs
import Synchronization

/// Watches over a query from its creation until `end`.
final class QueryWatchdog: Sendable {
    private enum Place { case inQuery, outside, ended }

    private let place = Mutex(Place.inQuery)

    /// For SQLite to notice by itself that the time is over.
    private static let graceSeconds = 0.5

    /// - Parameter giveUp: called on another thread if the query does not end in time; ends the program.
    init(limitSeconds: Double, giveUp: @escaping @Sendable () -> Never) throws(Failure) {
        let deadline = ContinuousClock.now + .seconds(limitSeconds + Self.graceSeconds)
        let started = onDetachedThread { [self] in
            while true {
                let isOver = ContinuousClock.now >= deadline
                let hasEnded = place.withLock { place in
                    if isOver, place == .inQuery { giveUp() }
                    return place == .ended
                }
                if hasEnded { return }
                let left = (deadline - ContinuousClock.now) / .seconds(1)
                usleep(useconds_t(min(max(left, 0.05), 60) * 1e6))
            }
        }
        guard started else {
            throw Failure(.store, "cannot create a thread (raise the limit of processes with `ulimit -u`)")
        }
    }

    /// Does something that does not count, such as writing to a pipe whose reader pauses.
    func outside<T>(_ body: () throws -> T) rethrows -> T {
        place.withLock { $0 = .outside }
        defer { place.withLock { $0 = .inQuery } }
        return try body()
    }

    func end() { place.withLock { $0 = .ended } }
}
