// The progress of a run, counted from its events. Knows how events add up; does not know how that is shown.
import Model

struct RunTally: Sendable {
    private(set) var started: RunStarted?
    private(set) var succeeded = 0
    /// Stages whose latest attempt did not succeed and has not been retried.
    private(set) var unsuccessful: [String: ExecutionState] = [:]
    private(set) var blocked: Set<String> = []
    /// Whether any stage was executed.
    private(set) var hasExecuted = false
    /// Stages found fresh, or restored, since the run started.
    private(set) var skipped = 0

    var total: Int { started?.stagesSelected ?? 0 }
    /// Finished stages, including those that were fresh when the run started.
    var done: Int {
        min(total, (started?.fresh ?? 0) + skipped + succeeded + unsuccessful.count + blocked.count)
    }
    var failed: Int { unsuccessful.count - interrupted }
    var interrupted: Int { unsuccessful.values.count { $0 == .interrupted } }

    mutating func note(_ kind: RunEvent.Kind) {
        switch kind {
        case .runStarted(let run): started = run
        case .stageDecided(let stage, let decision):
            switch decision.verdict {
            case .fresh, .restored, .frozen: skipped += 1
            case .blocked: blocked.insert(stage)
            case .run, .mayRun, .notSelected: break
            }
        case .stageStarted(let stage):
            hasExecuted = true
            unsuccessful[stage.stage] = nil
        case .stageFinished(let stage):
            guard stage.state == .succeeded else {
                unsuccessful[stage.stage] = stage.state
                break
            }
            if stage.repetition?.isLast ?? true { succeeded += 1 }
        case .stageRetrying(let stage, _, _, _): unsuccessful[stage] = nil
        case .stageWaiting, .warning, .notice, .interrupted, .runFinished: break
        }
    }

    /// Whether a stage is blocked by a stage that has been reported as failed or blocked.
    func isExplained(_ decision: Decision) -> Bool {
        guard let reason = decision.reasons.first, reason.code == .blocked, let blocker = reason.subject else {
            return false
        }
        return unsuccessful[blocker] != nil || blocked.contains(blocker)
    }
}
