// Provenance that every run records: commit, branch, uncommitted changes, machine and versions.

import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: system("git --version > /dev/null 2>&1") == 0, "git is not installed"))
struct ProvenanceTests {
    private func repository() throws -> TestProject {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "cat code > o", "inputs": ["code"], "outputs": ["o"]}}}"#)
        try project.write("code", "one\n")
        try project.shell(
            "git init -q -b main && git add pipeline.json code "
                + "&& git -c user.name=a -c user.email=a@b commit -q -m one && git rev-parse HEAD > .git/head")
        return project
    }

    private let question =
        "select git_commit, git_branch, git_dirty, git_diff_bytes from runs order by run_id desc limit 1"

    @Test func codeAndMachineAreRecorded() throws {
        let project = try repository()
        let commit = try #require(project.read(".git/head")).filter { $0 != "\n" }
        #expect(try project.runs("exec").status == 0)
        #expect(
            try project.query(question) == [
                [
                    "git_commit": .text(commit), "git_branch": .text("main"), "git_dirty": .number(0),
                    "git_diff_bytes": .null,
                ]
            ])
        #expect(try project.runs("show", "--git-diff").status == 2)

        try project.write("code", "two\n")
        #expect(try project.runs("exec", "--note", "tried").status == 0)
        #expect(try project.query(question)[0]["git_dirty"] == .number(1))
        let patch = try project.runs("show", "latest", "--git-diff")
        #expect(patch.status == 0 && patch.output.contains("-one\n+two\n"), "\(patch.story)")
        // It is the patch from the commit to what ran.
        try project.write("patch", patch.output)
        try project.shell("git checkout -q code && git apply patch && grep -q two code")
        #expect(
            try project.runs("show").output.contains(
                "\(commit) on main (with uncommitted changes, see --git-diff)"))
        let machine = try project.query(
            "select kernel, cpu_count, memory_bytes, runs_version, sqlite_version from runs order by run_id desc limit 1"
        )[0]
        #expect(machine["kernel"]?.text?.hasPrefix("Linux") ?? false)
        #expect((machine["cpu_count"]?.integer ?? 0) > 0 && (machine["memory_bytes"]?.integer ?? 0) > 1 << 24)
        #expect(machine["sqlite_version"]?.text?.hasPrefix("3.") ?? false)
        #expect(try project.runs("--version").output == "\(machine["runs_version"]?.text ?? "")\n")
    }

    /// Programs and imported modules are code, whether or not git tracks them.
    @Test func untrackedCodeIsKept() throws {
        let project = try repository()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": ["python3", "sub/run.py"], "workdir": "."}, "b": {"command": ["python3", "-c", "import tracked"]}}}"#
        )
        try project.write("sub/run.py", "import lïb, tracked_not\n")
        try project.write("sub/lïb.py", "x = 1")
        try project.write("sub/tracked_not.py", "")
        try project.write("tracked.py", "y = 2\n")
        try project.write("sub/unused.py", "never read\n")
        try project.shell("git add tracked.py && git -c user.name=a -c user.email=a@b commit -q -a -m two")
        for run in 1...2 {
            #expect(try project.runs("exec", "--force").status == 0)
            let patch = try project.runs("show", "latest", "--git-diff")
            #expect(patch.status == 0, "\(patch.story)")
            for text in ["+import lïb, tracked_not\n", "+x = 1\n\\ No newline at end of file", "sub/tracked_not.py"] {
                #expect(patch.output.contains(text), "run \(run): \(patch.story)")
            }
            #expect(!patch.output.contains("y = 2") && !patch.output.contains("never read"))
            try project.write("patch", patch.output)
            try project.shell(
                "mkdir new && cd new && git init -q && git apply ../patch && cmp sub/lïb.py ../sub/lïb.py "
                    + "&& cmp sub/run.py ../sub/run.py && test -e sub/tracked_not.py && rm -rf ../new")
        }
        #expect(try project.runs("exec", "--force", "--no-git-diff").status == 0)
        #expect(try project.query(question)[0]["git_diff_bytes"] == .null)
    }

    @Test func noGitDiffRecordsNoPatch() throws {
        let project = try repository()
        try project.write("code", "secret\n")
        #expect(try project.runs("exec", "--no-git-diff").status == 0)
        let row = try project.query(question)[0]
        #expect(row["git_dirty"] == .number(1) && row["git_diff_bytes"] == .null)
    }

    @Test func declaredVariablesAreAView() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "true", "env": {"MODE": "fast", "API_KEY": "hush"}}}}"#)
        #expect(try project.runs("exec").status == 0)
        let rows = try project.query("select stage, name, value from variables order by name")
        #expect(rows.count == 2 && rows[1] == ["stage": .text("a"), "name": .text("MODE"), "value": .text("fast")])
        #expect(rows[0]["name"] == .text("API_KEY") && !(rows[0]["value"]?.text ?? "").contains("hush"))
    }
}
