// The time limit of hooks, and their input.

import Programs
import TestSupport
import Testing

@Suite struct HookTests {
    @Test(arguments: ["sleep 1000", "trap '' TERM; while :; do sleep 0.05; done", "kill -STOP $$"])
    func itCannotHang(_ command: String) {
        let sentence = runHook(command, input: "x", limitSeconds: 0.1)
        #expect(sentence == "'\(command)' took longer than 0.1 s and was stopped")
    }

    /// Even if the shell itself ends at once.
    @Test func itsProcessesAreStoppedToo() throws {
        let folder = try TemporaryFolder()
        let marker = "RUNS_HOOK_TEST=\(folder.folder)"
        let started = folder.path("started")
        let command =
            "env '\(marker)' sh -c 'trap \"\" TERM; : > \(started); while :; do sleep 0.05; done' & wait"
        // On a busy machine the first limit may end the hook before it has started anything.
        for limit in [0.3, 3, 30] where !folder.exists("started") {
            _ = runHook(command, input: "", limitSeconds: limit)
        }
        #expect(folder.exists("started"))
        // It was killed and will end soon.
        try wait(for: "every process with \(marker) to be gone") { ProcessSight.marked(marker).isEmpty }
    }

    /// More than the capacity of a pipe.
    @Test func theInputIsComplete() {
        let input = String(repeating: "x", count: 3_000_000)
        #expect(runHook("test $(wc -c) = 3000000", input: input, limitSeconds: 60) == nil)
        #expect(runHook("head -c 1 > /dev/null", input: input, limitSeconds: 60) == nil)
        #expect(runHook("false", input: "", limitSeconds: 60) == "'false' exited with status 1")
    }
}
