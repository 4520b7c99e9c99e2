// How long this process waits for a store that another program has locked, and what ends the wait earlier. Knows SQLite's
// busy handler; does not know who has the lock.

import CSQLite
import Glibc
import Model
import Synchronization

/// What a process does while it waits for a store. Set once, before a store is opened.
public struct LockWait: Sendable {
    /// The signal by which this process was asked to stop; nil: none.
    public let stopSignal: @Sendable () -> Int32?
    /// Is called with the path of a store that is waited for, once in each wait.
    public let report: @Sendable (String) -> Void

    public init(stopSignal: @escaping @Sendable () -> Int32?, report: @escaping @Sendable (String) -> Void) {
        self.stopSignal = stopSignal
        self.report = report
    }
}

extension Store {
    /// Of this process.
    public static let lockWait = Mutex(LockWait(stopSignal: { nil }, report: { _ in }))
}

/// The waits of one connection.
final class LockWaiter {
    private let path: String
    private let wait = Store.lockWait.withLock { $0 }
    private var began = ContinuousClock.now
    private var stopSeenAt: ContinuousClock.Instant?
    private var isReported = false
    /// The signal that ended the last wait.
    private(set) var stoppedBy: Int32?

    private static let longest = Duration.seconds(60)
    private static let longestInSilence = Duration.seconds(2)
    /// Another `runs` that commits is done sooner, and the end of this run can be recorded.
    private static let longestAfterSignal = Duration.milliseconds(600)

    init(path: String) { self.path = path }

    /// Waits a little.
    ///
    /// - Parameter attempt: 0 at the beginning of a wait.
    /// - Returns: false to give up.
    func goesOn(attempt: Int) -> Bool {
        let now = ContinuousClock.now
        if attempt == 0 { (began, stopSeenAt, isReported, stoppedBy) = (now, nil, false, nil) }
        if stopSeenAt == nil, wait.stopSignal() != nil { stopSeenAt = now }
        if let stopSeenAt, now - stopSeenAt >= Self.longestAfterSignal {
            stoppedBy = wait.stopSignal()
            return false
        }
        guard now - began < Self.longest else { return false }
        if !isReported, now - began >= Self.longestInSilence {
            isReported = true
            wait.report(path)
        }
        usleep(UInt32(min(1000 << min(attempt, 6), 50_000)))
        return true
    }

    /// Has SQLite wait by this object, which must outlive the connection.
    func attach(to handle: OpaquePointer) {
        sqlite3_busy_handler(
            handle,
            { context, attempt in
                guard let context else { return 0 }
                return Unmanaged<LockWaiter>.fromOpaque(context).takeUnretainedValue().goesOn(attempt: Int(attempt))
                    ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The failure of a statement for which the lock was not free.
    var failure: Failure? {
        stoppedBy.map {
            Failure(.stopped(signal: $0), "stopped waiting for the store \(path), which another program has locked")
        }
    }
}
