// Errors that reach a user: a sentence each, and the exit status.

/// An error, in sentences that name the file, the stage and what to do.
public struct Failure: Error, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The command line or the pipeline is invalid, and nothing ran: exit 2.
        case usage
        /// The store cannot be used: exit 3.
        case store
        /// An engine cannot be used, such as a supervisor that does not start: exit 3.
        case engine
        /// Files or folders of the project cannot be used: exit 3.
        case workspace
        /// A signal ended the wait for another program: exit 128 + N.
        case stopped(signal: Int32)
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
