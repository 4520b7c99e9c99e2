// Shell commands of plain words, which are executed without a shell, with the same results.

import Glibc
import TestSupport
import Testing

private let isDash = system("/bin/sh -c 'env -i A.b=1 /bin/sh -c \"env; true\" | grep -q A.b'") != 0

@Suite struct ShellTextTests {
    /// With a variable that a shell would change or drop.
    private func exec(_ project: TestProject, with variable: String) throws {
        try project.shell("env '\(variable)' '\(RunsBinary.path())' exec --keep-going --output quiet || test $? = 1")
    }

    @Test func failedExecsFallBackToTheShell() throws {
        let project = try TestProject()
        try project.write("plain", "")
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {
              "missing": {"command": "no-such-program --flag"}, "denied": {"command": "./plain --flag"},
              "killed": {"command": "python3 kill.py"}}}
            """#)
        try project.write("kill.py", "import os; os.kill(os.getpid(), 9)")
        #expect(try project.runs("exec", "--keep-going").status == 1)
        let rows = try project.query(
            "select stage, state, exit_code, signal, command, log_path from executions order by stage")
        #expect(rows.map { $0["state"] } == [.text("failed"), .text("failed"), .text("failed")])
        #expect(rows.map { $0["exit_code"]?.integer } == [126, nil, 127])
        #expect(rows[1]["signal"]?.integer == 9)
        #expect(rows[2]["command"] == .text("no-such-program --flag"))
        #expect(project.read(rows[2]["log_path"]?.text ?? "")?.contains("not found") == true)
    }

    @Test func theWorkingDirectoryIsSetInEveryForm() throws {
        let project = try TestProject()
        try project.write("below/file", "")
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {
              "list": {"command": ["printenv", "PWD"], "workdir": "below"},
              "plain": {"command": "printenv PWD", "workdir": "below"},
              "shell": {"command": "printenv PWD; true", "workdir": "below"},
              "set": {"command": "printenv PWD", "env": {"PWD": "/nowhere"}},
              "passed": {"command": "printenv PWD", "pass_env": ["PWD"]}}}
            """#)
        try exec(project, with: "PWD=/caller")
        let below = "\(project.path("below"))\n"
        let said = ["list": below, "plain": below, "shell": below, "set": "/nowhere\n", "passed": "/caller\n"]
        for row in try project.query("select stage, log_path from executions") {
            #expect(project.read(row["log_path"]?.text ?? "") == said[row["stage"]?.text ?? ""])
        }
    }

    /// That shell passes on only variables with valid names.
    @Test(.enabled(if: isDash, "/bin/sh is not dash")) func plainCommandsRunWithoutAShell() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            """
            {"name": "p", "defaults": {"shell": ["sh", "-c"]},
             "stages": {"plain": {"command": "printenv A.b"}, "shell": {"command": "printenv A.b; exit 3"}}}
            """
        )
        try exec(project, with: "A.b=1")
        let rows = try project.query("select stage, exit_code, log_path from executions order by stage")
        #expect(rows.map { $0["exit_code"]?.integer } == [0, 3])
        #expect(rows.map { project.read($0["log_path"]?.text ?? "") } == ["1\n", ""])
    }
}
