// A full disk while a stage logs, while it writes its output, and while the store commits: the error is reported, the
// store stays intact, and the next run continues once there is space.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: canMountMemory, "file systems in memory may not be mounted here"))
struct FullDiskTests {
    /// Calls `body` with the name of a project's folder on a file system of 6 MB, below the project.
    private func onSmallDisk(_ body: (TestProject) throws -> Void) throws {
        let project = try TestProject()
        try FileManager.default.createDirectory(atPath: project.path("disk"), withIntermediateDirectories: true)
        try project.shell("mount -t tmpfs -o size=6m tmpfs disk")
        defer { _ = system("umount '\(project.path("disk"))' || umount -l '\(project.path("disk"))'") }
        try body(project)
    }

    private func saysFull(_ result: CommandResult) -> Bool {
        result.errorOutput.contains("full") || result.errorOutput.contains("No space left")
    }

    /// What fills the disk, whether the stage leaves it full, and how the next run continues.
    @Test(arguments: [
        "yes filling the log | head -c 50000000",
        "head -c 50000000 /dev/zero > big",
        "head -c 50000000 /dev/zero > big || { rm big; echo no room; exit 1; }",
        "head -c 50000000 /dev/zero > filler; echo made > big",
    ])
    func byAStage(_ filling: String) throws {
        try onSmallDisk { project in
            try project.write(
                "disk/pipeline.json",
                """
                {"name": "p", "stages": {
                  "first": {"command": "echo first > first", "outputs": ["first"]},
                  "b": {"command": "if test -e ok; then echo made > big; else \(filling); fi", "inputs": ["first"], "outputs": ["big"]}
                }}
                """)
            let full = try project.runs(["exec"], in: "disk")
            #expect(full.status == 1 || full.status == 3, "\(full.story)")
            #expect(saysFull(full) || full.errorOutput.contains("no room"), "\(full.story)")
            try project.shell("cd disk && rm -rf filler big .runs/logs && touch ok")
            #expect(try project.integrity(of: "disk/.runs/runs.db") == "ok")
            let next = try project.runs(["exec"], in: "disk")
            #expect(next.status == 0, "\(next.story)")
            #expect(project.read("disk/big") == "made\n")
            #expect(
                try project.query("select 1 from executions where stage = 'first' and state = 'succeeded'", in: "disk")
                    .count == 1)
            #expect(try project.integrity(of: "disk/.runs/runs.db") == "ok")
        }
    }

    /// The disk is full before the run starts, with and without a store.
    @Test(arguments: [false, true])
    func beforeTheRun(hasStore: Bool) throws {
        try onSmallDisk { project in
            let pipeline =
                #"{"name": "p", "params": {"v": 1}, "stages": {"a": {"command": "echo ${{ params.v }} > a", "outputs": ["a"]}}}"#
            try project.write("disk/pipeline.json", pipeline)
            if hasStore { #expect(try project.runs(["exec"], in: "disk").status == 0) }
            try project.shell("cat /dev/zero > disk/filler 2> /dev/null || true")
            let full = try project.runs(["exec", "--set", "v=2"], in: "disk")
            #expect(full.status == 3, "\(full.story)")
            #expect(saysFull(full), "\(full.story)")
            try project.remove("disk/filler")
            let next = try project.runs(["exec", "--set", "v=2"], in: "disk")
            #expect(next.status == 0, "\(next.story)")
            #expect(project.read("disk/a") == "2\n")
            #expect(try project.integrity(of: "disk/.runs/runs.db") == "ok")
            guard hasStore else { return }
            #expect(try project.runs(["exec"], in: "disk").status == 0)
            #expect(project.read("disk/a") == "1\n")
            #expect(
                try project.query("select count(*) as n from executions where state = 'succeeded'", in: "disk")[0]["n"]?
                    .integer == 2)
        }
    }

    /// With `keep: 0` the previous version is deleted only after its successor is recorded.
    /// Tried a few times, since an earlier commit may fail first.
    @Test(arguments: 1...4)
    func anUnrecordedSuccessKeepsThePreviousOutputs(_ time: Int) throws {
        try onSmallDisk { project in
            try project.write(
                "disk/pipeline.json",
                #"""
                {"name": "p", "params": {"v": 1}, "stages": {"a": {"keep": 0, "outputs": ["a"],
                  "command": "echo ${{ params.v }} > a; test ${{ params.v }} = 1 || cat /dev/zero > filler 2> /dev/null || true"}}}
                """#)
            #expect(try project.runs(["exec"], in: "disk").status == 0)
            let full = try project.runs(["exec", "--set", "v=2"], in: "disk")
            #expect(full.status == 3, "\(full.story)")
            try project.remove("disk/filler")
            #expect(try project.runs(["exec"], in: "disk").status == 0)
            #expect(project.read("disk/a") == "1\n")
            #expect(
                try project.query("select count(*) as n from executions where state = 'succeeded'", in: "disk")[0]["n"]?
                    .integer == 1,
                "the version that was there was put back")
        }
    }
}
