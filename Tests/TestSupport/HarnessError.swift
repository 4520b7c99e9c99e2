// Errors of the tests' own tools. Knows errno and the environment; does not know what is tested.

import Glibc

/// Why the tools of the tests, not what is tested, could not go on.
public struct HarnessError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }

    /// `errno` in words, after what was being done.
    public static func system(_ doing: String, _ number: Int32 = errno) -> HarnessError {
        HarnessError("\(doing): \(String(cString: strerror(number)))")
    }
}

/// A variable of the environment that the tests were started in.
public func environmentVariable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// `RUNS_TEST_LONG=1`: many more rounds than a change has to wait for.
public let isLongTest = environmentVariable("RUNS_TEST_LONG") == "1"
