// The types of the values that EmbedSQL generates from `migrations/` and `sql/`. Knows names and texts; does not know
// databases.

/// One file of `sql/`.
public struct Statement: Hashable, Sendable {
    /// The file's name without `.sql`.
    public let name: String
    public let text: String

    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// The comment at the head of the file, as one line.
    public var summary: String {
        text.split(separator: "\n").prefix { $0.hasPrefix("--") }
            .map { $0.drop { $0 == "-" || $0 == " " } }.joined(separator: " ")
    }
}

/// One file of `migrations/`.
public struct Migration: Hashable, Sendable {
    /// The number at the beginning of the file's name.
    public let version: Int
    public let name: String
    public let text: String

    public init(version: Int, name: String, text: String) {
        self.version = version
        self.name = name
        self.text = text
    }
}
