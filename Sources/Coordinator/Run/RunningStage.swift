// An execution between its row and its recorded end. Knows what was submitted; does not know how it is started.

import EngineAPI
import Model
import Planner
import Workspace

/// An execution that was submitted, whose command runs, or whose outputs are being looked at.
struct RunningStage {
    let stage: StageIndex
    let repetition: Repetition?
    let attempt: Int
    /// As it is in the store.
    var record: ExecutionRecord
    /// The run whose scratch folder has its files: the one that submitted it.
    let filesOf: RunID
    let reasons: [Reason]
    /// Relative to the pipeline's folder.
    let logPath: String
    let token: String
    let request: ResourceRequest
    /// When it was submitted; once that is known, when it started.
    var since: Timestamp
    /// An earlier coordinator submitted it: its end decides nothing but itself, and its stage is evaluated again.
    var isAdopted = false
    let inputs: WatchedInputs
    /// Where it tells what it reads without naming it.
    var sources: DiscoverySources?
    /// The paths that it reported so far.
    var reportedInputs = Set<String>()
    var tail: MetricsTail
    /// Why this program ended it, where it did.
    var stopCause: StopCause?
    /// Its command has ended.
    var outcome: EngineOutcome?
    /// Held for as long as this is.
    let deviceHold: (any DeviceHold)?
    /// What was made for it alone, and is removed at its end: absolute paths.
    var scriptPath: String?
    var temporaryFolder: String?

    /// Whether its command may be writing metrics.
    var isMeasured: Bool { record.state == .running && outcome == nil }
}
