// How far a run has come, told from its events. Knows how events add up; does not know how that is shown.
import Model

struct RunTally: Sendable {
    private(set) var started: RunStarted?
    private(set) var succeeded = 0
    /// Stages whose newest attempt ended otherwise and is not tried again, as far as is known.
    private(set) var unsuccessful: [String: ExecutionState] = [:]
    private(set) var blocked: Set<String> = []
    /// Whether any stage was executed.
    private(set) var hasExecuted = false
    /// Stages that turned out fresh, or were restored, since the run began.
    private(set) var spared = 0

    var total: Int { started?.stagesSelected ?? 0 }
    /// Stages there is nothing more to do for. Those that were known fresh when the run began count from then on.
    var done: Int {
        min(total, (started?.fresh ?? 0) + spared + succeeded + unsuccessful.count + blocked.count)
    }
    var failed: Int { unsuccessful.count - interrupted }
    var interrupted: Int { unsuccessful.values.count { $0 == .interrupted } }

    mutating func note(_ kind: RunEvent.Kind) {
        switch kind {
        case .runStarted(let run): started = run
        case .stageDecided(let stage, let decision):
            switch decision.verdict {
            case .fresh, .restored, .frozen: spared += 1
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
        case .stageWaiting, .warning, .interrupted, .runFinished: break
        }
    }

    /// Whether a blocked stage explains itself: what blocks it is a stage that failed or is blocked and was told of.
    func isExplained(_ decision: Decision) -> Bool {
        guard let reason = decision.reasons.first, reason.code == .blocked, let blocker = reason.subject else {
            return false
        }
        return unsuccessful[blocker] != nil || blocked.contains(blocker)
    }
}
