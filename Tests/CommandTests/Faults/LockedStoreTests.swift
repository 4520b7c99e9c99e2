// A store that another program has locked: what a command says while it waits, and how a signal ends the wait.

import Glibc
import TestSupport
import Testing

@Suite struct LockedStoreTests {
    private func project() throws -> TestProject {
        try TestProject(
            stages: #""a": {"command": "echo > started; sleep 1000", "always": true}, "b": {"command": "true"}"#)
    }

    /// Another program that holds the write lock until it is killed.
    private func lock(_ project: TestProject) throws -> RunningCommand {
        try project.write(
            ".lock.py",
            """
            import sqlite3, time
            c = sqlite3.connect('.runs/runs.db', isolation_level=None)
            c.execute('BEGIN EXCLUSIVE')
            open('locked', 'w')
            time.sleep(1000)
            """)
        let command = try RunningCommand(
            program: "/usr/bin/env", arguments: ["python3", ".lock.py"], folder: project.folder,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
        try wait(for: "the lock") { project.exists("locked") }
        return command
    }

    private static let waiting = "waiting for"

    /// Before anything runs.
    @Test(
        arguments: [SIGINT, SIGTERM],
        [["exec", "--force", "b"], ["tag", "latest", "x"], ["accept", "b"]])
    func aSignalEndsTheWait(_ signal: Int32, _ arguments: [String]) throws {
        let project = try project()
        try project.runs("exec", "b")
        let holder = try lock(project)
        let command = try project.start(arguments)
        try command.read(until: { $0.errorOutput.contains(Self.waiting) }, "it said what it waits for")
        #expect(command.errorOutput.contains("runs.db, which another program has locked"))
        command.send(signal)
        let result = try command.finish()
        #expect(result.end == .exited(128 + signal) || result.end == .signalled(signal), "\(result.story)")
        _ = consume holder
    }

    /// While a stage runs: the run takes the signal, and has to record what follows.
    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalStopsARunThatCannotRecord(_ signal: Int32) throws {
        let project = try project()
        let command = try project.start(["exec", "--grace", "1s"])
        try wait(for: "the stage") { project.exists("started") }
        let holder = try lock(project)
        command.send(signal)
        let result = try command.finish(timeout: .seconds(30))
        #expect(result.end == .exited(128 + signal), "\(result.story)")
        #expect(result.errorOutput.contains("stopped waiting for the store"), "\(result.story)")
        _ = consume holder
    }
}
