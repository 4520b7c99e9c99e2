// What the planner needs to know about past executions and files. Knows two protocols, which tests implement with
// tables; does not know the store or the disk.

import Model

/// The history of one pipeline's stages.
public protocol RecordedState {
    /// The execution that made the stage's current outputs.
    func current(_ stage: String) throws(Failure) -> ExecutionRecord?
    /// The newest execution in any state.
    func newest(_ stage: String) throws(Failure) -> ExecutionRecord?
    func newestSucceeded(_ stage: String) throws(Failure) -> ExecutionRecord?
    /// The execution of any stage that last made, or restored, the path.
    func owner(ofPath path: String) throws(Failure) -> ExecutionRecord?
    /// Succeeded executions of any stage with the key, newest first.
    func succeeded(key: Digest) throws(Failure) -> [ExecutionRecord]
    /// Succeeded executions of any stage with the base key, newest first.
    func succeeded(baseKey: Digest) throws(Failure) -> [ExecutionRecord]
    /// Whether executions were recorded with keys of an earlier encoding.
    var hasEarlierKeys: Bool { get }
    func inputs(of execution: ExecutionID) throws(Failure) -> [RecordedPath]
    func details(of execution: ExecutionID) throws(Failure) -> ExecutionDetails?
    /// The members of a set of discovered inputs.
    func discovered(_ set: DiscoveredSetID) throws(Failure) -> [RecordedPath]
    /// The kept version of the execution's output; nil if it does not exist or cannot be read.
    func kept(_ output: Output, madeBy execution: ExecutionID) -> Fingerprint?
    /// What an input will be that is exactly this output, once the kept version is restored; nil if that is not certain
    /// before.
    func kept(_ output: Output, readAs input: Input, madeBy execution: ExecutionID) -> Fingerprint?
}

/// The files of the project as they are now.
public protocol FileFacts {
    /// nil if the path does not exist.
    func fingerprint(of path: String, scope: DigestScope) throws(Failure) -> Fingerprint?
    /// The paths that match a glob, sorted.
    func matches(of pattern: String, exclusions: Exclusions) throws(Failure) -> [String]
}

/// What is known about a stage when it is evaluated.
public struct StageFacts: Sendable {
    /// What exists at the inputs whose content is known.
    public var inputs: [RecordedPath]
    /// Inputs that are missing or cannot be read.
    public var missingInputs: [MissingInput]
    /// Inputs that earlier stages may still change. If there are none, the key is known.
    public var undecidedInputs: [UndecidedInput]
    /// What exists at the declared outputs, in order; nil if missing.
    public var outputs: [Fingerprint?]
    /// The result of `recordedEnvironment`.
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

/// An input that is missing or cannot be read.
public struct MissingInput: Hashable, Sendable {
    /// The path, or a pattern that matches nothing.
    public let path: String
    /// Why it cannot be read; nil if it does not exist.
    public let problem: String?
    public init(path: String, problem: String? = nil) {
        self.path = path
        self.problem = problem
    }
}

/// An input whose content is not known yet.
public struct UndecidedInput: Hashable, Sendable {
    /// The path; nil for a pattern, whose matches are not known either.
    public let path: String?
    /// The stage that may change it.
    public let producer: String
    public init(path: String?, producer: String) {
        self.path = path
        self.producer = producer
    }
}
