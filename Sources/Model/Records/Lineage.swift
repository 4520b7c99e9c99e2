// Where a file comes from and what was made from it: executions, joined by what they made and read. Knows no SQL and no
// wording; a graph of any depth is a flat table of executions.

/// The executions before and after one content.
public struct Lineage: Sendable {
    /// An input of an execution, and the execution that made it.
    public struct Input: Hashable, Sendable {
        public let read: RecordedPath
        /// nil: it is a source, not made by any execution.
        public let maker: ExecutionID?

        public init(read: RecordedPath, maker: ExecutionID?) {
            self.read = read
            self.maker = maker
        }
    }

    /// An execution upstream or downstream.
    public struct Node: Sendable {
        public var execution: ExecutionFacts
        public var inputs: [Input] = []
        public var outputs: [RecordedPath] = []
        /// Executions that read what this one made, newest first. Only known downstream.
        public var readers: [ExecutionID] = []

        public init(execution: ExecutionFacts) { self.execution = execution }
    }

    /// The content that was asked for.
    public var fingerprint: Fingerprint
    /// Where executions made or read it: the path asked for, if it is one of them, then others, newest first.
    public var paths: [String] = []
    /// The executions that made it, newest first; the first is followed.
    public var makers: [ExecutionID] = []
    /// The executions that read it, newest first.
    public var readers: [ExecutionID] = []
    /// The maker and everything before it, nearest first.
    public var upstream: [ExecutionID] = []
    /// The readers and everything after them, nearest first.
    public var downstream: [ExecutionID] = []
    public var nodes: [ExecutionID: Node] = [:]
    /// Whether there is more than was followed.
    public var isCutOff = false

    public init(fingerprint: Fingerprint) { self.fingerprint = fingerprint }
}
