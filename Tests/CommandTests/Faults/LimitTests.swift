// What the machine denies: threads, memory, /proc. A sentence and an exit status that is not 0; nothing hangs or crashes.

import Glibc
import TestSupport
import Testing

/// Whether this user may become another one, for whom limits on processes hold, and who may execute the program.
private let canBecomeAnother: Bool = {
    guard let program = try? RunsBinary.path() else { return false }
    return system("setpriv --reuid=65531 --regid=65531 --clear-groups '\(program)' --version >/dev/null 2>&1") == 0
}()
private let canHideProc = system("unshare -rm mount -t tmpfs none /proc 2>/dev/null") == 0

@Suite struct LimitTests {
    private func project() throws -> TestProject {
        try TestProject(stages: #""a": {"command": "echo > a", "outputs": ["a"]}"#, files: ["in": "1"])
    }

    private func output(_ project: TestProject, of command: String) throws -> (status: Int32, text: String) {
        // Whatever waits for ever is killed.
        try project.shell("timeout -s KILL 30 bash -c '\(command)' > out 2>&1; echo $? > status")
        return (Int32(project.read("status")?.dropLast() ?? "") ?? -1, project.read("out") ?? "")
    }

    /// One after the other: processes are counted for each user.
    @Test(.enabled(if: canBecomeAnother, "this user may not become another one"), .serialized, arguments: [2, 3, 4, 5])
    func aLimitOnProcesses(_ limit: Int) throws {
        let project = try project()
        chmod(project.folder, 0o777)
        let other = "setpriv --reuid=65531 --regid=65531 --clear-groups bash -c"
        let line = #"ulimit -u \#(limit); exec "\#(try RunsBinary.path())" exec"#
        let result = try output(project, of: "\(other) '\\''\(line)'\\''")
        #expect(result.status == 3 || result.status == 1, "\(result)")
        #expect(result.text.contains("ulimit -u") || result.text.contains("could not be started"), "\(result)")
    }

    /// Less does not suffice for the program's code, and the system reports that.
    @Test(arguments: [60_000])
    func aLimitOnMemory(_ kibibytes: Int) throws {
        let project = try project()
        let result = try output(project, of: #"ulimit -v \#(kibibytes); exec "\#(try RunsBinary.path())" exec"#)
        #expect(result.status == 3 && result.text.contains("ulimit -v"), "\(result)")
    }

    @Test(.enabled(if: canHideProc, "this user may not hide /proc"))
    func withoutProc() throws {
        let project = try project()
        try project.runs("exec")
        let runs = #""\#(try RunsBinary.path())""#
        func hidden(_ arguments: String) throws -> (status: Int32, text: String) {
            let line = "mount -t tmpfs none /proc; exec \(runs) \(arguments)"
            return try output(project, of: "unshare -rm bash -c '\\''\(line)'\\''")
        }
        for command in ["exec", "exec --force", "status", "why a"] {
            let result = try hidden(command)
            #expect(result.status == 3 && result.text.contains("/proc is not mounted"), "\(command): \(result)")
        }
        let query = try hidden(#"query --format csv "select count(*) as n from runs""#)
        #expect(query.status == 0 && query.text == "n\n1\n", "\(query)")
        let unknown = try hidden("no-such-command")
        #expect(unknown.status == 2 && unknown.text.contains("no-such-command"), "\(unknown)")
    }
}
