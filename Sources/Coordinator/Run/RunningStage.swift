// An execution between its row and its recorded end, and what its inputs looked like when it began.

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

/// What a stage's inputs looked like just before its command was started.
struct WatchedInputs: Sendable {
    private let entries: [(recorded: RecordedPath, mode: DigestMode, observation: Observation?)]
    /// Patterns, and the paths that they matched.
    private let patterns: [(pattern: String, matches: [String])]

    init(stage: Stage, facts: StageFacts, workspace: Workspace) {
        let modes = Self.modes(of: stage)
        entries = facts.inputs.map { recorded in
            let mode = modes[recorded.name] ?? .content
            return (recorded, mode, try? workspace.observation(of: recorded.path, mode: mode))
        }
        patterns = stage.inputs.filter(\.isGlob).map { ($0.path, (try? workspace.matches(of: $0.path)) ?? []) }
    }

    /// Of an execution that began before this program looked: all that is known is what was recorded.
    init(stage: Stage, recorded: [RecordedPath]) {
        let modes = Self.modes(of: stage)
        entries = recorded.map { ($0, modes[$0.name] ?? .content, nil) }
        patterns = stage.inputs.filter(\.isGlob).map { input in
            let pattern = GlobPattern(input.path)
            return (input.path, recorded.map(\.path).filter { pattern.matches($0) }.sorted())
        }
    }

    private static func modes(of stage: Stage) -> [String: DigestMode] {
        Dictionary(stage.inputs.map { ($0.name, $0.mode) }, uniquingKeysWith: { first, _ in first })
    }

    /// As they were found.
    var paths: [String] { entries.map(\.recorded.path) }

    /// Whether their stats alone show that all of them are what was read. Asked only where that takes no time: of files
    /// that are named one by one.
    func areUntouchedFiles(in workspace: Workspace) -> Bool {
        patterns.isEmpty
            && entries.allSatisfy { entry in
                guard case .file(let stamp)? = entry.observation else { return false }
                return (try? workspace.stamp(of: entry.recorded.path)) == stamp
            }
    }

    /// Whether any of them is no longer what was read: a changed stat is read again, and only another digest counts.
    func haveChanged(in workspace: Workspace) -> Bool {
        for entry in entries {
            let now = try? workspace.observation(of: entry.recorded.path, mode: entry.mode)
            if now != nil, now == entry.observation { continue }
            if (try? workspace.fingerprint(of: entry.recorded.path, mode: entry.mode)) != entry.recorded.fingerprint {
                return true
            }
        }
        return patterns.contains { (try? workspace.matches(of: $0.pattern)) != $0.matches }
    }
}
