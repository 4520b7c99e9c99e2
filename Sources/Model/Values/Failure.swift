// Errors that reach a user. One sentence each, and the exit status they lead to.

/// A reason to stop, told in sentences that name the file, the stage and what to do next.
public struct Failure: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The command line or the pipeline is wrong, and nothing ran: exit 2.
        case usage
        /// The store or the project's folder cannot be used: exit 3.
        case store
    }
    public let kind: Kind
    /// One or more lines without a trailing newline.
    public let message: String
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
    public var description: String { message }
}
