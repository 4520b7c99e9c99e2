// An execution among the best by a metric. Knows no SQL and no wording.

/// A succeeded execution, the metric's last value, and the params that led to it. Of repeats the last execution, with
/// the median of their values.
public struct RankedExecution: Sendable {
    /// A param of the execution or of one upstream of it.
    public struct Param: Hashable, Sendable {
        /// The stage that had it.
        public let stage: String
        public let name: String
        public let value: JSONValue

        public init(stage: String, name: String, value: JSONValue) {
            self.stage = stage
            self.name = name
            self.value = value
        }
    }

    public let id: ExecutionID
    public let runID: RunID
    public let pipeline: String
    public let stage: String
    /// ISO 8601, as recorded.
    public let startedAt: String
    public let value: Double
    public var params: [Param] = []

    public init(
        id: ExecutionID, runID: RunID, pipeline: String, stage: String, startedAt: String, value: Double
    ) {
        self.id = id
        self.runID = runID
        self.pipeline = pipeline
        self.stage = stage
        self.startedAt = startedAt
        self.value = value
    }
}
