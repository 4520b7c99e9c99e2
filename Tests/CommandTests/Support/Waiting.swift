// Waiting for what a command does to files. Looks again and again, and gives up only after a minute.

import Glibc

/// Returns once the condition holds.
func wait(for what: String, until condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw HarnessError("waited a minute in vain for \(what)") }
        usleep(5_000)
    }
}
