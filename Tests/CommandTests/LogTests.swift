// `runs logs -f` on logs that a stage truncates or replaces.

import Glibc
import TestSupport
import Testing

@Suite struct LogTests {
    /// A stage that waits for the files `1` and `2`, with a command between.
    private func following(_ change: String) throws -> (TestProject, exec: RunningCommand, logs: RunningCommand) {
        let project = try TestProject(
            stages: #"""
                "s": {"command": "echo a long first line; until [ -e 1 ]; do sleep 0.02; done; \#(change); until [ -e 2 ]; do sleep 0.02; done"}
                """#)
        let exec = try project.start(["exec"])
        try wait(for: "the log") { project.read(".runs/logs/1/s.1.log") == "a long first line\n" }
        let logs = try project.start(["logs", "-f", "s"])
        try logs.read(until: { $0.output == "a long first line\n" }, "the first line")
        return (project, exec, logs)
    }

    @Test(arguments: [
        (": > .runs/logs/1/s.1.log; echo new", "was truncated"),
        ("echo new > n; mv n .runs/logs/1/s.1.log", "was replaced"),
        ("rm .runs/logs/1/s.1.log; echo new > .runs/logs/1/s.1.log", "was replaced"),
    ])
    func followingGoesOnWithNewContents(change: String, event: String) throws {
        let (project, exec, logs) = try following(change)
        try project.write("1", "")
        try logs.read(until: { $0.output == "a long first line\nnew\n" }, "the new line")
        #expect(
            logs.errorOutput == "note: log .runs/logs/1/s.1.log \(event); continuing from its new start\n")
        try project.write("2", "")
        #expect(try exec.finish().status == 0)
        let result = try logs.finish()
        #expect(result.status == 0 && result.output == "a long first line\nnew\n", "\(result.story)")
    }

    /// Nothing is printed twice, and nothing is waited for, if the log is gone.
    @Test func aLogThatIsGoneIsNotWaitedFor() throws {
        let (project, exec, logs) = try following("rm .runs/logs/1/s.1.log")
        try project.write("1", "")
        try project.write("2", "")
        _ = try exec.finish()
        let result = try logs.finish()
        #expect(result.status == 0 && result.output == "a long first line\n", "\(result.story)")
    }
}
