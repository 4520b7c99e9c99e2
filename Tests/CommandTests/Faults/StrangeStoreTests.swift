// A store that is corrupt, truncated, of another program, too new, or not a file: an error, exit status 3, and not a
// byte changed. A store that was moved works as before.

import Foundation
import TestSupport
import Testing

@Suite struct StrangeStoreTests {
    private func finished() throws -> TestProject {
        let project = try TestProject()
        try project.write(
            "one/pipeline.json",
            #"""
            {"name": "p", "stages": {
              "a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]},
              "b": {"command": "mkdir -p b && cp a b/c", "inputs": ["a"], "outputs": ["b"]}
            }}
            """#)
        try project.write("one/in", "in\n")
        #expect(try project.runs(["exec"], in: "one").status == 0)
        return project
    }

    /// A change to the store, and a word of the resulting error.
    @Test(arguments: [
        ("printf 'this is no store at all' | dd of=runs.db conv=notrunc 2> /dev/null", "not an SQLite file"),
        ("head -c 5000 /dev/urandom > runs.db", "not an SQLite file"),
        ("dd if=/dev/zero of=runs.db bs=4096 seek=1 count=20 conv=notrunc 2> /dev/null", "damaged"),
        ("truncate -s 12288 runs.db", "damaged"),
        ("truncate -s 100 runs.db", "runs.db"),
        (
            "rm runs.db; python3 -c \"import sqlite3; sqlite3.connect('runs.db').execute('create table songs (title text)')\"",
            "another program"
        ),
        (
            "python3 -c \"import sqlite3; c = sqlite3.connect('runs.db'); c.execute('insert into migrations (version, name, sha256, program_version) values (99, \\'later\\', zeroblob(32), \\'7.8.9\\')'); c.commit()\"",
            "7.8.9"
        ),
        ("rm runs.db; mkdir runs.db", "is a folder"),
    ])
    func unusableStoresAreRejectedUnchanged(_ damage: String, _ word: String) throws {
        let project = try finished()
        try project.shell("cd one/.runs && { \(damage)\n}")
        let before = FileManager.default.contents(atPath: project.path("one/.runs/runs.db"))
        for arguments in [["exec"], ["status"], ["query", "select count(*) from executions"], ["history", "a"]] {
            let result = try project.runs(arguments, in: "one")
            #expect(result.status == 3, "\(damage)\n\(result.story)")
            #expect(result.errorOutput.contains(word), "\(damage)\n\(result.story)")
            #expect(
                FileManager.default.contents(atPath: project.path("one/.runs/runs.db")) == before,
                "\(damage): \(arguments)")
        }
        #expect(project.read("one/b/c") == "in\n")
    }

    @Test func aProjectThatIsMovedStaysFresh() throws {
        let project = try finished()
        try project.shell("mv one two && mkdir one")
        let result = try project.runs(["exec"], in: "two")
        #expect(result.status == 0, "\(result.story)")
        #expect(try project.query("select count(*) as n from executions", in: "two")[0]["n"]?.integer == 2)
        try project.write("two/in", "other\n")
        #expect(try project.runs(["exec"], in: "two").status == 0)
        #expect(project.read("two/b/c") == "other\n")
        #expect(project.files(below: "one").isEmpty)
    }
}
