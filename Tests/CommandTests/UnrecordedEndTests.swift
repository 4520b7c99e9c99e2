// What questions say of runs whose end is not recorded: running, killed, or on another host. They write nothing.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct UnrecordedEndTests {
    /// A stage that has succeeded twice and waits for the file `go` now, and one without outputs like it.
    private func running() throws -> (TestProject, RunningCommand) {
        let project = try TestProject(
            stages: #"""
                "wait": {"command": "echo began; echo $$ > pid; [ ! -e slow ] || until [ -e go ]; do sleep 0.02; done"},
                "copy": {"command": "cp in out", "inputs": ["in"], "outputs": ["out"]}
                """#, files: ["in": "1\n"])
        for _ in 1...2 { try project.expect("exec", "--force") }
        try project.write("slow", "")
        try project.remove("pid")
        let exec = try project.start(["exec", "--force", "wait"])
        try wait(for: "the stage to begin") { project.read("pid")?.hasSuffix("\n") ?? false }
        return (project, exec)
    }

    private func status(_ project: TestProject) throws -> [JSON] {
        try #require(
            try JSONDecoder().decode(JSON.self, from: Data(project.runs("status", "--format", "json").output.utf8))
                .array)
    }

    private func shown(_ project: TestProject) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data(project.runs("show", "--format", "json").output.utf8))
    }

    @Test func aForcedStageKeepsItsLastResult() throws {
        let (project, exec) = try running()
        let row = try #require(try status(project).first)
        #expect(row["status"] == .text("running"))
        #expect(row["why"] == .text("run 3, execution 5; last result: succeeded (run 2, execution 3)"))
        #expect(try shown(project)["status_note"] == .null)
        try project.write("go", "")
        #expect(try exec.finish().status == 0)
        #expect(try status(project).first?["status"] == .text("fresh"))
    }

    @Test func aKilledRunIsReportedAsLost() throws {
        let (project, exec) = try running()
        let following = try project.start(["logs", "-f", "wait"])
        try following.read(until: { $0.output.contains("began") }, "the log")
        exec.send(SIGKILL)
        try wait(for: "the program to be gone") { !ProcessSight.isRunning(exec.processID) }
        let sentence = "its program is gone; the next `runs exec` or `runs doctor --repair` records it"

        #expect(try following.finish().status == 0, "it does not wait for ever")
        let row = try #require(try status(project).first)
        #expect(row["status"] == .text("lost"))
        #expect(
            row["why"]
                == .text("run 3, execution 5 (\(sentence)); last result: succeeded (run 2, execution 3)"))
        let json = try shown(project)
        #expect(json["status"] == .text("lost") && json["status_note"] == .text(sentence))
        #expect(json["stages"]?.array?.first?["state"] == .text("lost"))
        try project.expect("show", contains: ["run 3 of p: lost (\(sentence))", "wait (execution 5): \(sentence)"])
        try project.expect("show", "latest", "--format", "markdown", contains: ["run 3 was lost (its program is gone"])
        try project.expect("history", "wait", "--format", "csv", contains: ["5,3,wait,1,lost,forced", sentence])
        try project.expect("logs", "wait", "copy", contains: ["==> wait (lost) <=="])
        try project.expect("diff", "2", "latest", contains: ["│ lost "])
        try project.expect("exec", "--dry-run", contains: ["last attempt was lost"])
        #expect(
            try project.query("select status from runs where run_id = 3") == [["status": .text("running")]],
            "nothing was recorded")

        try project.write("go", "")
        try project.expect("exec")
        try project.expect("show", "3", contains: ["run 3 of p: lost\n"])
        #expect(try status(project).first?["status"] == .text("fresh"))
    }

    /// Neither alive nor dead as far as this host can see.
    @Test func aRunOfAnotherHostCannotBeChecked() throws {
        let (project, exec) = try running()
        exec.send(SIGKILL)
        try wait(for: "the program to be gone") { !ProcessSight.isRunning(exec.processID) }
        try project.edit(store: "update run_rows set host = 'elsewhere' where run_id = 3")
        let sentence = "cannot check from this host or folder whether its program is still alive"
        try project.expect("show", contains: ["run 3 of p: running (\(sentence))"])
        #expect(try shown(project)["status"] == .text("running"))
        let row = try #require(try status(project).first)
        #expect(row["status"] == .text("running"))
        #expect(row["why"]?.text?.contains(sentence) ?? false)
        // An earlier boot is over on whatever host.
        try project.edit(
            store:
                "update run_rows set host = (select host from run_rows where run_id = 1), boot_id = 'x' where run_id = 3"
        )
        try project.expect("show", contains: ["run 3 of p: lost ("])
    }

    /// The folder from which a store elsewhere is read need not be that of its runs.
    @Test func aStoreElsewhereIsReadFromAnyFolder() throws {
        let project = try TestProject(
            stages: #""wait": {"command": "touch began; until [ -e go ]; do sleep 0.02; done"}"#)
        try project.makeFolder("elsewhere")
        let exec = try project.start(["exec", "--store", "elsewhere/runs.db"])
        try wait(for: "the stage to begin") { project.exists("began") }
        try project.expect("show", "--store", "elsewhere/runs.db", contains: ["running\n"])
        let outside = try project.runs(["show", "--store", "../elsewhere/runs.db"], in: ".runs")
        #expect(outside.output.contains("running"), "\(outside.story)")
        try project.write("go", "")
        #expect(try exec.finish().status == 0)
    }
}

extension TestProject {
    /// Changes the store as another program would.
    fileprivate func edit(store sql: String) throws {
        let script = "import sqlite3, sys; c = sqlite3.connect('.runs/runs.db'); c.execute(sys.argv[1]); c.commit()"
        try write("edit.sql", sql)
        try shell("python3 -c \"\(script)\" \"$(cat edit.sql)\"")
    }
}
