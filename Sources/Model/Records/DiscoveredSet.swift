// Files that an execution read without its stage naming them: imported modules, prerequisites in a depfile, and what it
// reported. Executions that read the same contents share a set. Knows no files.

/// A set's number in its store: 1, 2, …
public struct DiscoveredSetID: Hashable, Sendable {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
}

extension RecordedPath {
    /// The name under which a discovered input is recorded.
    public static let discoveredName = "discovered"

    /// An input that was discovered.
    public init(discovered path: String, fingerprint: Fingerprint) {
        self.init(name: Self.discoveredName, path: path, fingerprint: fingerprint)
    }
}
