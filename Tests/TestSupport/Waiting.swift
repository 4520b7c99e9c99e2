// Waiting for what another thread or process does. Knows the clock; does not know what is waited for.

import Glibc

/// Returns once the condition holds; fails after a minute.
///
/// - Parameters:
///   - what: What is waited for, as the error names it.
///   - interval: How long to sleep between two looks. Zero looks all the time, to notice a short moment.
///   - condition: Looked at again and again.
public func wait(
    for what: String, lookingEvery interval: Duration = .milliseconds(2), until condition: () throws -> Bool
) throws {
    try eventually(what, lookingEvery: interval) { try condition() ? () : nil }
}

/// The first value that `look` returns; fails after a minute. Parameters as in ``wait(for:lookingEvery:until:)``.
public func eventually<Value>(
    _ what: String, lookingEvery interval: Duration = .milliseconds(2), _ look: () throws -> Value?
) throws -> Value {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
        if let value = try look() { return value }
        guard ContinuousClock.now < deadline else { throw HarnessError("waited a minute in vain for \(what)") }
        if interval > .zero { usleep(UInt32(interval / .microseconds(1))) }
    }
}
