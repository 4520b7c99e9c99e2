// `exec --on-finish`: the input of the command, and that it cannot change the run.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct OnFinishTests {
    private func project(_ command: String = "echo a > a") throws -> TestProject {
        try TestProject(stages: #""a": {"command": "\#(command)"}"#)
    }

    private func report(_ project: TestProject) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data((project.read("report.json") ?? "").utf8))
    }

    @Test(
        arguments: [("true", "succeeded", 0, "succeeded"), ("exit 3", "failed", 1, "failed")]
            as [(String, String, Int32, String)])
    func theHookRunsAfterTheEndIsRecorded(_ command: String, _ status: String, _ code: Int32, _ state: String) throws {
        let project = try project(command)
        // Queried while the command runs: the end of the run is already recorded.
        let runs = try RunsBinary.path()
        let hook = "cat > report.json; '\(runs)' query --format csv 'select status from runs' > asked; exit 7"
        let result = try project.runs("exec", "--tag", "t", "--on-finish", hook)
        #expect(result.status == code, "\(result.story)")
        #expect(
            result.errorOutput.contains("warning: --on-finish: ") && result.errorOutput.contains("exited with status 7")
        )
        #expect(project.read("asked") == "status\n\(status)\n")
        let report = try self.report(project)
        #expect(report["run_id"]?.integer == 1 && report["status"]?.text == status && report["pipeline"]?.text == "p")
        #expect(report["tags"]?.array?.first?["tag"]?.text == "t")
        let execution = try #require(report["executions"]?.array?.first)
        #expect(execution["stage"]?.text == "a" && execution["state"]?.text == state)
        #expect(project.read("report.json")?.hasSuffix("}\n") ?? false)
        let columns = try project.query("select name from pragma_table_info('executions')").compactMap {
            $0["name"]?.text
        }
        for column in columns { #expect(execution[column] != nil, "\(column)") }
    }

    @Test func theHookRunsForFreshRuns() throws {
        let project = try project()
        _ = try project.runs("exec")
        #expect(try project.runs("exec", "--on-finish", "cat > report.json").status == 0)
        #expect(try report(project)["stages_fresh"]?.integer == 1)
    }

    @Test func theHookRunsAfterAnInterruption() throws {
        let project = try project("touch started; sleep 1000")
        let command = try project.start(["exec", "--on-finish", "cat > report.json"])
        try wait(for: "the stage to start") { project.exists("started") }
        command.send(SIGINT)
        #expect(try command.finish().status == 130)
        #expect(try report(project)["status"]?.text == "interrupted")
    }

    @Test func hookOutputGoesToStandardError() throws {
        let result = try project().runs("exec", "--output", "jsonl", "--on-finish", "echo from the hook")
        #expect(result.errorOutput == "from the hook\n", "\(result.story)")
        #expect(try JSON.lines(result.output).last?["event"]?.text == "run_finished")
    }

    @Test func hooksMayIgnoreInputAndEndBySignal() throws {
        let project = try project()
        #expect(try project.runs("exec", "--on-finish", "true").errorOutput.contains("warning") == false)
        let killed = try project.runs("exec", "--on-finish", "kill -KILL $$")
        #expect(killed.status == 0 && killed.errorOutput.contains("was killed by signal 9 (KILL)"), "\(killed.story)")
        let missing = try project.runs("exec", "--on-finish", "no-such-program")
        #expect(missing.status == 0 && missing.errorOutput.contains("exited with status 127"), "\(missing.story)")
    }

    /// Ctrl-C ends a hook that hangs, and does not change the run.
    @Test func aHangingHookIsStoppedBySignals() throws {
        let project = try project()
        let command = try project.start(["exec", "--on-finish", "touch hangs; sleep 1000; touch after"])
        try wait(for: "the hook to start") { project.exists("hangs") }
        command.send(SIGINT)
        let result = try command.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(result.errorOutput.contains("was stopped by INT"), "\(result.story)")
        #expect(!project.exists("after"))
        #expect(try project.query("select status from runs") == [["status": .text("succeeded")]])
    }

    @Test func theHookDoesNotRunWithoutARun() throws {
        let project = try project()
        #expect(try project.runs("exec", "--dry-run", "--on-finish", "touch hooked").status == 0)
        #expect(try project.runs("exec", "nothing", "--on-finish", "touch hooked").status == 2)
        #expect(!project.exists("hooked"))
    }
}
