// The transitions, as tables: how a process ended and the state that follows.

import Model
import Testing

@Suite struct ExecutionStateTests {
    @Test(arguments: [
        (ExecutionEnding(exit: .code(0)), ExecutionState.succeeded),
        (ExecutionEnding(exit: .code(0), stopCause: .interruption), .succeeded),
        (ExecutionEnding(exit: .code(0), missingOutputs: ["a", "b"]), .failed),
        (ExecutionEnding(exit: .code(0), stopCause: .timeout, missingOutputs: ["a"]), .timedOut),
        (ExecutionEnding(exit: .code(0), outputProblem: "no JSON"), .failed),
        (ExecutionEnding(exit: .code(3)), .failed),
        (ExecutionEnding(exit: .code(3), stopCause: .timeout), .timedOut),
        (ExecutionEnding(exit: .code(137)), .failed),
        (ExecutionEnding(exit: .code(137), sawOutOfMemoryKill: true), .outOfMemory),
        (ExecutionEnding(exit: .signal(9)), .failed),
        (ExecutionEnding(exit: .signal(9), sawOutOfMemoryKill: true), .outOfMemory),
        (ExecutionEnding(exit: .signal(9), stopCause: .interruption, sawOutOfMemoryKill: true), .interrupted),
        (ExecutionEnding(exit: .signal(11), sawOutOfMemoryKill: true), .failed),
        (ExecutionEnding(exit: .signal(15), stopCause: .interruption), .interrupted),
        (ExecutionEnding(exit: .signal(9), stopCause: .memoryLimit), .outOfMemory),
        (ExecutionEnding(exit: .notStarted("no such program")), .failed),
        (ExecutionEnding(exit: .code(0), stopCause: .stoppingRule), .succeeded),
        (ExecutionEnding(exit: .code(0), stopCause: .stoppingRule, missingOutputs: ["a"]), .stopped),
        (ExecutionEnding(exit: .signal(15), stopCause: .stoppingRule), .stopped),
    ])
    func afterAnEnding(_ ending: ExecutionEnding, _ expected: ExecutionState) {
        let (state, error) = ExecutionState.after(ending)
        #expect(state == expected)
        #expect((error == nil) == (expected == .succeeded), "only a success has no sentence")
    }

    @Test(arguments: ExecutionState.allCases) func transitions(from state: ExecutionState) {
        let ends: [ExecutionState] = [.succeeded, .failed, .timedOut, .outOfMemory, .interrupted, .lost, .stopped]
        let expected: [ExecutionState] =
            switch state {
            case .queued: [.running] + ends.dropFirst()
            case .running: ends
            default: []
            }
        #expect(Set(ExecutionState.allCases.filter(state.mayBecome)) == Set(expected))
        #expect(state.isFinal == ends.contains(state) && state.isOpen != state.isFinal)
    }

    @Test func statesThatUseUpNoAttempt() {
        let free = ExecutionState.allCases.filter { !$0.usesUpAttempt }
        #expect(free == [.interrupted, .lost, .stopped])
    }

    @Test func theErrorNamesTheMissingOutput() {
        let (_, error) = ExecutionState.after(ExecutionEnding(exit: .code(0), missingOutputs: ["models/a b.bin", "c"]))
        #expect(error == "the command exited with 0 but did not make its output 'models/a b.bin' (and 1 more)")
    }
}
