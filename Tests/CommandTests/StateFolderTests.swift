// What lies in `.runs` when stages, other users and permissive umasks have had a chance to change it: nothing is followed,
// waited for or writable by others.

import Glibc
import TestSupport
import Testing

@Suite struct StateFolderTests {
    private static let replacements = ["mkfifo", "ln -s /etc/passwd", "mkdir", "ln -s nowhere"]

    /// The log of a stage that has not begun, and that of the stage itself.
    @Test(arguments: replacements)
    func aReplacedLogIsNeitherFollowedNorWaitedFor(_ make: String) throws {
        let before = try TestProject(
            stages: #"""
                "a": {"command": "mkdir -p .runs/logs/1; \#(make) .runs/logs/1/b.1.log"},
                "b": {"command": "echo output", "needs": ["a"]}
                """#)
        let started = try before.runs(["exec"], timeout: .seconds(30))
        #expect(started.status == 1, "\(started.story)")
        #expect(
            started.errorOutput.contains("b: failed") && started.errorOutput.contains("its log"), "\(started.story)")
        let during = try TestProject(
            stages: #""b": {"command": "rm .runs/logs/1/b.1.log; \#(make) .runs/logs/1/b.1.log; exit 3"}"#)
        let ended = try during.runs(["exec"], timeout: .seconds(30))
        #expect(ended.status == 1 && ended.errorOutput.contains("no log"), "\(ended.story)")
        for project in [before, during] {
            for arguments in [["logs", "b"], ["logs", "b", "--format", "csv"]] {
                let result = try project.runs(arguments, timeout: .seconds(30))
                #expect(result.status == 3, "\(result.story)")
                #expect(result.errorOutput.contains("not a regular file"), "\(result.story)")
                #expect(!result.output.contains("root:"), "\(result.story)")
            }
        }
    }

    /// Everything else that the program opens in its folder.
    @Test(arguments: replacements)
    func replacedFilesDoNotBlockARun(_ make: String) throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "rm -f .runs/clock $RUNS_METRICS .runs/python/runs.py; for f in .runs/clock $RUNS_METRICS .runs/python/runs.py; do \#(make) $f; done; echo a > a", "outputs": ["a"]},
                "b": {"command": "echo b > b", "inputs": ["a"], "outputs": ["b"]}
                """#)
        let result = try project.runs(["exec"], timeout: .seconds(30))
        #expect(result.status == 0, "\(result.story)")
        #expect(try project.runs(["status"], timeout: .seconds(30)).status == 0)
        try project.shell("rm -rf .runs/live/2; \(make) .runs/live/2")
        let locked = try project.runs(["exec", "--force"], timeout: .seconds(30))
        #expect(locked.status == 3 && locked.errorOutput.contains(".runs/live/2"), "\(locked.story)")
    }

    @Test(arguments: ["-wal", "-shm", "-journal"])
    func aReplacedFileOfTheStoreIsReported(_ suffix: String) throws {
        let project = try TestProject(stages: #""a": {"command": "true"}"#)
        try project.runs("exec")
        try project.shell("rm -f .runs/runs.db\(suffix); mkfifo .runs/runs.db\(suffix)")
        for arguments in [["exec"], ["status"], ["query", "select 1"]] {
            let result = try project.runs(arguments, timeout: .seconds(30))
            #expect(result.status == 3 && result.errorOutput.contains("runs.db\(suffix)"), "\(result.story)")
        }
    }

    /// While stages run, and afterwards; what stages made writable is moved to `kept` too.
    @Test(arguments: ["000", "002", "022"])
    func othersCannotWriteToTheFolder(umask: String) throws {
        let find = "find .runs -perm -o+w ! -type l"
        let project = try TestProject(
            stages: #"""
                "a": {"command": "python3 -c 'import runs; runs.report(loss=1)'; mkdir d; date > d/f; \#(find) > found-a; exit 0", "outputs": ["d"], "always": true},
                "b": {"command": "echo '{\"loss\": 1}' >> $RUNS_METRICS; date > o; \#(find) > found-b", "outputs": ["o"], "always": true}
                """#)
        let line = "umask \(umask); '\(try RunsBinary.path())' exec -j 1 --output quiet"
        try project.shell("\(line); \(line); \(line); \(find) > found")
        for name in ["found-a", "found-b", "found"] { #expect(project.read(name) == "") }
        #expect(try project.query("select distinct state from executions") == [["state": .text("succeeded")]])
    }

    /// Version 0.1 made them so under a permissive umask. Modules that others may have put there are not imported.
    @Test func foldersThatOthersCouldWriteToAreRepaired() throws {
        let project = try TestProject(stages: #""a": {"command": "python3 -c 'import runs, json'", "always": true}"#)
        try project.runs("exec")
        try project.write(".runs/python/json.py", "open('intruder', 'w')")
        try project.shell("chmod -R o+w .runs/python .runs/logs .runs/live .runs/tmp")
        #expect(try project.runs("exec").status == 0)
        #expect(!project.exists("intruder") && !project.exists(".runs/python/json.py"))
        try project.shell("test -z \"$(find .runs -perm -o+w ! -type l)\"")
    }
}
