// What a run decided for a stage, and why. Knows the vocabulary of verdicts and reasons; `Planner` decides.

/// What happens to a stage in a run.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// It was executed, or will be, whatever the stages before it do.
    case run
    /// Only in a plan: it depends on the outputs of the stages before it.
    case mayRun = "may_run"
    case fresh
    /// Its outputs were restored from a kept version.
    case restored
    case frozen
    /// A stage before it failed, or its frozen output is missing.
    case blocked
    /// Not selected, nor needed by a selected stage.
    case notSelected = "not_selected"
}

/// Why a verdict was reached.
public struct Reason: Hashable, Sendable {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The subject is the stage that made what is at its outputs, if another did.
        case neverRan = "never_ran"
        case lastFailed = "last_failed"
        case lastInterrupted = "last_interrupted"
        case rejected
        case commandChanged = "command_changed"
        case inputChanged = "input_changed"
        case inputAdded = "input_added"
        case inputRemoved = "input_removed"
        case paramChanged = "param_changed"
        case envChanged = "env_changed"
        case outputMissing = "output_missing"
        case outputModified = "output_modified"
        case outputsChanged = "outputs_changed"
        case inputChangedDuringRun = "input_changed_during_run"
        /// It read what another stage makes that is not done before it: an input that is not named.
        case inputUnordered = "input_unordered"
        case upstreamMayChange = "upstream_may_change"
        case always
        /// Not executed: the existing outputs were accepted (`runs accept`).
        case accepted
        case forced
        case fresh
        case frozen
        case restored
        case blocked
        case notSelected = "not_selected"
    }

    public let code: Code
    /// A path, a param, a variable or a stage.
    public let subject: String?
    /// The value at the execution that made the current outputs.
    public let old: String?
    /// The value now.
    public let new: String?

    public init(_ code: Code, subject: String? = nil, old: String? = nil, new: String? = nil) {
        self.code = code
        self.subject = subject
        self.old = old
        self.new = new
    }
}

/// The verdict on one stage.
public struct Decision: Hashable, Sendable {
    public var verdict: Verdict
    /// At least one.
    public var reasons: [Reason]
    /// The stage's key, if everything that determines it is known.
    public var key: Digest?
    /// The execution whose outputs are used (fresh, restored), or that was started (run).
    public var executionID: ExecutionID?

    public init(verdict: Verdict, reasons: [Reason], key: Digest? = nil, executionID: ExecutionID? = nil) {
        self.verdict = verdict
        self.reasons = reasons
        self.key = key
        self.executionID = executionID
    }
}

/// A run's number in its store: 1, 2, …
public struct RunID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
    public static func < (left: RunID, right: RunID) -> Bool { left.value < right.value }
}

/// What a tag or a note belongs to.
public enum LabelTarget: Hashable, Sendable {
    case run(RunID)
    case execution(ExecutionID)
}

/// An execution's number in its store: 1, 2, …
public struct ExecutionID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
    public static func < (left: ExecutionID, right: ExecutionID) -> Bool { left.value < right.value }
}
