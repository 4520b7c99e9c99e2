// What the planner asks of the past and of the disk. It sees both only through these two protocols, so that tests
// hand it tables.

import Model

/// The history of one pipeline's stages.
public protocol RecordedState {
    /// The execution that the stage's outputs of today come from.
    func current(_ stage: String) throws(Failure) -> ExecutionRecord?
    /// The newest execution in whatever state.
    func newest(_ stage: String) throws(Failure) -> ExecutionRecord?
    func newestSucceeded(_ stage: String) throws(Failure) -> ExecutionRecord?
    /// Succeeded executions of any stage with that key, newest first.
    func succeeded(key: Digest) throws(Failure) -> [ExecutionRecord]
    /// Succeeded executions of any stage with that base key, newest first.
    func succeeded(baseKey: Digest) throws(Failure) -> [ExecutionRecord]
    func inputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath]
    func details(of execution: ExecutionID) throws(Failure) -> ExecutionDetails?
    /// Whether what the execution made at that path was moved aside and can be put back.
    func isKept(_ path: String, madeBy execution: ExecutionID) -> Bool
}

/// The files of the project, as they are on disk now.
public protocol FileFacts {
    /// nil: nothing is there.
    func fingerprint(of path: String, mode: DigestMode) throws(Failure) -> Fingerprint?
    /// Files that match a glob, sorted.
    func matches(of pattern: String) throws(Failure) -> [String]
}

/// What is known of a stage when it is judged.
public struct StageFacts: Sendable {
    /// What was found at the inputs whose content is settled.
    public var inputs: [RecordedPath]
    /// Inputs that are not there or cannot be read.
    public var missingInputs: [MissingInput]
    /// Inputs that stages before this one may still change. Empty: the key is known.
    public var undecidedInputs: [UndecidedInput]
    /// What is at the declared outputs, in their order; nil: nothing.
    public var outputs: [Fingerprint?]
    /// As `recordedEnvironment` made it.
    public var environment: [EnvironmentVariable]

    public init(
        inputs: [RecordedPath], missingInputs: [MissingInput] = [], undecidedInputs: [UndecidedInput] = [],
        outputs: [Fingerprint?], environment: [EnvironmentVariable] = []
    ) {
        self.inputs = inputs
        self.missingInputs = missingInputs
        self.undecidedInputs = undecidedInputs
        self.outputs = outputs
        self.environment = environment
    }
}

/// An input that a stage would not find.
public struct MissingInput: Hashable, Sendable {
    /// The path, or a pattern that matches nothing.
    public let path: String
    /// Why it cannot be read, where something is there.
    public let problem: String?
    public init(path: String, problem: String? = nil) {
        self.path = path
        self.problem = problem
    }
}

/// An input whose content is not settled yet.
public struct UndecidedInput: Hashable, Sendable {
    /// The path; nil for a pattern, of which not even the paths are settled.
    public let path: String?
    /// A stage that may change it.
    public let producer: String
    public init(path: String?, producer: String) {
        self.path = path
        self.producer = producer
    }
}
