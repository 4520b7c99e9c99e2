// The states of an execution and the transitions between them. The same rules are CHECKs in migrations/.

/// The state of one attempt at a stage's command.
public enum ExecutionState: String, Sendable, Hashable, CaseIterable {
    /// Submitted to an engine that queues; not started yet, as far as is known.
    case queued
    case running
    case succeeded
    case failed
    case timedOut = "timed_out"
    /// Ended by a KILL that this program did not send, while the kernel's count of out-of-memory kills rose, or by
    /// `--enforce-memory`.
    case outOfMemory = "out_of_memory"
    /// This program stopped it: Ctrl-C, TERM or HUP.
    case interrupted
    /// The program that ran it ended without recording how.
    case lost
    /// Ended by the stopping rule of a search. Not a failure, and its outputs are never fresh.
    case stopped

    /// Whether it has not ended yet.
    public var isOpen: Bool { self == .queued || self == .running }

    /// Whether it has ended: no other state follows.
    public var isFinal: Bool { !isOpen }

    /// Whether ending so uses up one of the stage's attempts.
    public var usesUpAttempt: Bool { self != .interrupted && self != .lost && self != .stopped }

    /// Whether an execution in this state may change to `next`: the only transitions there are.
    ///
    /// A queued execution cannot succeed. If its result is found although its start was not seen, it is recorded as
    /// running first, so that every success has a start time.
    public func mayBecome(_ next: ExecutionState) -> Bool {
        switch self {
        case .queued: next != .queued && next != .succeeded
        case .running: next.isFinal
        case .succeeded, .failed, .timedOut, .outOfMemory, .interrupted, .lost, .stopped: false
        }
    }
}

/// How a process ended, as `wait4` reports it.
public enum Exit: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
    /// The process could not be created; the sentence says why.
    case notStarted(String)
}

/// Why this program ended an execution, if it did.
public enum StopCause: Hashable, Sendable {
    case timeout
    case interruption
    case memoryLimit
    /// The stopping rule of a search.
    case stoppingRule
}

/// What is known when a process has ended and its outputs were checked.
public struct ExecutionEnding: Sendable {
    public var exit: Exit
    public var stopCause: StopCause?
    /// The kernel counted an out-of-memory kill while the process ran.
    public var sawOutOfMemoryKill: Bool
    /// Declared outputs that do not exist.
    public var missingOutputs: [String]
    /// Another reason why an exit of 0 is a failure (a metrics file that is not JSON, an output that cannot be read).
    public var outputProblem: String?
    /// What the exit code probably means.
    public var hint: String?

    public init(
        exit: Exit, stopCause: StopCause? = nil, sawOutOfMemoryKill: Bool = false, missingOutputs: [String] = [],
        outputProblem: String? = nil, hint: String? = nil
    ) {
        self.exit = exit
        self.stopCause = stopCause
        self.sawOutOfMemoryKill = sawOutOfMemoryKill
        self.missingOutputs = missingOutputs
        self.outputProblem = outputProblem
        self.hint = hint
    }
}

extension ExecutionState {
    /// The final state of a process that ended, and the error unless it succeeded. An exit of 0 with nothing missing is
    /// a success even if the process was being stopped: the work is done.
    public static func after(_ ending: ExecutionEnding) -> (state: ExecutionState, error: String?) {
        if ending.exit == .code(0) {
            if let first = ending.missingOutputs.first {
                if let cause = ending.stopCause { return stopped(by: cause) }
                let others = ending.missingOutputs.count - 1
                let more = others == 0 ? "" : " (and \(others) more)"
                return (.failed, "the command exited with 0 but did not make its output '\(first)'\(more)")
            }
            if let problem = ending.outputProblem {
                if let cause = ending.stopCause { return stopped(by: cause) }
                return (.failed, problem)
            }
            return (.succeeded, nil)
        }
        if let cause = ending.stopCause { return stopped(by: cause) }
        switch ending.exit {
        case .notStarted(let sentence): return (.failed, sentence)
        case .code(137), .signal(9):
            if ending.sawOutOfMemoryKill { return (.outOfMemory, "the kernel killed it: out of memory (inferred)") }
            return ending.exit == .signal(9) ? (.failed, "killed by signal 9 (KILL)") : (.failed, "exit code 137")
        case .code(let code): return (.failed, "exit code \(code)" + (ending.hint.map { ": \($0)" } ?? ""))
        case .signal(let number): return (.failed, "killed by signal \(number) (\(signalName(number)))")
        }
    }

    private static func stopped(by cause: StopCause) -> (ExecutionState, String?) {
        switch cause {
        case .timeout: (.timedOut, "exceeded its timeout")
        case .interruption: (.interrupted, "stopped because runs was interrupted")
        case .memoryLimit: (.outOfMemory, "used more memory than it requested (--enforce-memory)")
        case .stoppingRule: (.stopped, "stopped by the search's stopping rule")
        }
    }
}

/// The name of a Linux signal without `SIG`; `RTn` and bare numbers for those that have none.
public func signalName(_ number: Int32) -> String {
    let names: [Int32: String] = [
        1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 10: "USR1",
        11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 16: "STKFLT", 17: "CHLD", 18: "CONT", 19: "STOP",
        20: "TSTP", 21: "TTIN", 22: "TTOU", 23: "URG", 24: "XCPU", 25: "XFSZ", 26: "VTALRM", 27: "PROF", 28: "WINCH",
        29: "IO", 30: "PWR", 31: "SYS",
    ]
    return names[number] ?? String(number)
}
