// The time limit of hooks, and their input.

import Foundation
import Programs
import Testing

@Suite struct HookTests {
    @Test(arguments: ["sleep 1000", "trap '' TERM; while :; do sleep 0.05; done", "kill -STOP $$"])
    func itCannotHang(_ command: String) {
        let sentence = runHook(command, input: "x", limitSeconds: 0.1)
        #expect(sentence == "'\(command)' took longer than 0.1 s and was stopped")
    }

    /// Even if the shell itself ends at once.
    @Test func itsProcessesAreStoppedToo() throws {
        let marker = "RUNS_HOOK_TEST=\(UInt64.random(in: .min ... .max))"
        let command = "env \(marker) sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & wait"
        _ = runHook(command, input: "", limitSeconds: 0.3)
        // It was killed and will end soon.
        let deadline = ContinuousClock.now + .seconds(60)
        while try !marked(marker).isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(try marked(marker).isEmpty)
    }

    /// More than the capacity of a pipe.
    @Test func theInputIsComplete() {
        let input = String(repeating: "x", count: 3_000_000)
        #expect(runHook("test $(wc -c) = 3000000", input: input, limitSeconds: 60) == nil)
        #expect(runHook("head -c 1 > /dev/null", input: input, limitSeconds: 60) == nil)
        #expect(runHook("false", input: "", limitSeconds: 60) == "'false' exited with status 1")
    }
}

/// Running processes with this variable.
private func marked(_ marker: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.filter { pid in
        guard let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ"),
            environment.split(separator: 0).contains(Data(marker.utf8)),
            let state = FileManager.default.contents(atPath: "/proc/\(pid)/stat")
        else { return false }
        return !String(decoding: state, as: UTF8.self).contains(") Z ")
    }
}
