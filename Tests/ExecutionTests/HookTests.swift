// A hook's time limit, also for one that does not want to end.

import Execution
import Testing

@Suite struct HookTests {
    @Test(arguments: ["sleep 1000", "trap '' TERM; while :; do sleep 0.05; done", "kill -STOP $$"])
    func itCannotHangForEver(_ command: String) {
        let sentence = runHook(command, input: "x", limitSeconds: 0.1)
        #expect(sentence == "'\(command)' took longer than 0.1 s and was stopped")
    }

    /// More than any pipe holds.
    @Test func theInputIsWhole() {
        let input = String(repeating: "x", count: 3_000_000)
        #expect(runHook("test $(wc -c) = 3000000", input: input, limitSeconds: 60) == nil)
        #expect(runHook("head -c 1 > /dev/null", input: input, limitSeconds: 60) == nil)
        #expect(runHook("false", input: "", limitSeconds: 60) == "'false' ended with status 1")
    }
}
