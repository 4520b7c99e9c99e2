// Time without waiting: where nothing is to be read, the clock jumps to whatever happens next.

import Glibc
import Model

@testable import Coordinator

final class FakeDriver: RunDriver {
    private let cluster: FakeCluster
    private var time: Timestamp
    /// Signals to come.
    private var signals: [(at: Timestamp, signal: Int32)]
    /// Called before each wait, with its number from 1: what another program does meanwhile.
    var beforeWait: (Int) -> Void = { _ in }
    private(set) var waits = 0
    /// Work on other threads, with the wait before which it is done.
    private var background: [(wait: Int, work: @Sendable () -> Void)] = []
    private let backgroundWaits: Int

    /// - Parameter backgroundWaits: how many waits work on another thread takes.
    init(
        _ cluster: FakeCluster, now: Timestamp, signals: [(at: Timestamp, signal: Int32)] = [], backgroundWaits: Int = 0
    ) {
        self.cluster = cluster
        self.backgroundWaits = backgroundWaits
        time = now
        self.signals = signals
    }

    func now() -> Timestamp { time }

    /// A signal comes now.
    func raise(_ signal: Int32) { signals.insert((time, signal), at: 0) }

    func wait(seconds: Double, for descriptors: [Int32]) -> [Bool] {
        waits += 1
        beforeWait(waits)
        while let first = background.first, first.wait <= waits { background.removeFirst().work() }
        // A run that never ends fails instead of hanging.
        if waits > 200_000 { signals = [(time, SIGQUIT)] }
        let isReadable = poll(descriptors, seconds: 0)
        if isReadable.contains(true) || seconds <= 0 { return isReadable }
        // A microsecond, so that time passes for whoever asks again and again.
        var until = time.adding(seconds: max(seconds, 1e-6))
        for next in [cluster.nextEventAt, signals.first?.at].compactMap({ $0 }) { until = min(until, max(time, next)) }
        time = until
        cluster.advance(to: time)
        return poll(descriptors, seconds: 0)
    }

    func nextSignal() -> Int32? {
        guard let first = signals.first, first.at <= time else { return nil }
        signals.removeFirst()
        return first.signal
    }

    func inBackground(_ work: @escaping @Sendable () -> Void) {
        if backgroundWaits == 0 { work() } else { background.append((waits + backgroundWaits, work)) }
    }

    func onThreadOfItsOwn(_ work: @escaping @Sendable () -> Void) -> Bool {
        work()
        return true
    }
}
