// Outputs outside the project: made, kept and restored if declared external, rejected if not.

import Glibc
import TestSupport
import Testing

@Suite struct ExternalOutputTests {
    private func pipeline(_ output: String, _ command: String = "echo ${{ params.v }} > ${{ outputs.o }}") -> String {
        #"{"name": "p", "params": {"v": 1}, "stages": {"s": {"command": "\#(command)", "outputs": {"o": \#(output)}}}}"#
    }

    /// The output's path relative to the pipeline's folder `inner`; `ROOT` is its parent folder.
    @Test(arguments: ["../far/model", "ROOT/far/model", "link/model"])
    func externalOutputsAreKeptAndRestored(_ place: String) throws {
        let project = try TestProject()
        try project.write("inner/note", "")
        try project.write("far/note", "")
        #expect(symlink("../far", project.path("inner/link")) == 0)
        let path = place.replacing("ROOT", with: project.folder)
        try project.write("inner/pipeline.json", pipeline(#"{"path": "\#(path)", "external": true}"#))
        for (arguments, text) in [(["exec"], "1\n"), (["exec", "--set", "v=2"], "2\n"), (["exec"], "1\n")] {
            let result = try project.runs(arguments, in: "inner")
            #expect(result.status == 0, "\(result.story)")
            #expect(project.read("far/model") == text, "\(result.story)")
        }
        // The last run restored the first version.
        #expect(try project.query("select count(*) as n from executions", in: "inner") == [["n": .number(2)]])
    }

    /// An output must not replace files in `.runs`, not even through links or `..`.
    @Test(arguments: ["../inner/.runs/runs.db", "ROOT/inner/.runs/x", "../inner/.runs", "link/x", "alias/.runs/logs/x"])
    func outputsInTheStateFolderAreRejected(_ place: String) throws {
        let project = try TestProject()
        try project.write("inner/pipeline.json", #"{"name": "p", "stages": {"s": {"command": "true"}}}"#)
        #expect(try project.runs(["exec"], in: "inner").status == 0)
        #expect(
            symlink(".runs/logs", project.path("inner/link")) == 0 && symlink(".", project.path("inner/alias")) == 0)
        let path = place.replacing("ROOT", with: project.folder)
        for isExternal in [true, false] where isExternal || !path.contains("inner/.runs") {
            try project.write("inner/pipeline.json", pipeline(#"{"path": "\#(path)", "external": \#(isExternal)}"#))
            let result = try project.runs(["exec", "--overwrite"], in: "inner")
            #expect(result.status == 2 && result.errorOutput.contains("leads into .runs"), "\(result.story)")
        }
        #expect(try project.query("select count(*) as n from runs", in: "inner") == [["n": .number(1)]])
    }

    @Test func metricsOfAnExternalFileAreRead() throws {
        let project = try TestProject()
        try project.write(
            "inner/pipeline.json",
            pipeline(
                #"{"path": "\#(project.folder)/m.json", "external": true, "metrics": true}"#,
                #"echo '{\"acc\": 0.5}' > ${{ outputs.o }}"#))
        let result = try project.runs(["exec"], in: "inner")
        #expect(result.status == 0, "\(result.story)")
        #expect(
            try project.query("select name, value from metrics", in: "inner") == [
                ["name": .text("acc"), "value": .number(0.5)]
            ])
    }

    @Test func undeclaredExternalOutputsAreRejected() throws {
        let project = try TestProject()
        try project.write("far/model", "precious")
        try project.write("inner/pipeline.json", pipeline(#""../far/model""#))
        let written = try project.runs(["exec"], in: "inner")
        #expect(written.status == 2 && written.errorOutput.contains(#""external": true"#), "\(written.story)")

        #expect(symlink("../far", project.path("inner/link")) == 0)
        try project.write("inner/pipeline.json", pipeline(#""link/model""#))
        for arguments in [["exec"], ["exec", "--overwrite"], ["exec", "--dry-run"]] {
            let result = try project.runs(arguments, in: "inner")
            #expect(result.status == 2, "\(result.story)")
            for part in ["'s'", "'link/model'", #""external": true"#] {
                #expect(result.errorOutput.contains(part), "\(result.story)")
            }
        }
        #expect(project.read("far/model") == "precious")
    }

    /// The link is created during the run: its target is not changed.
    @Test func aLinkMadeByAStageIsDetectedAtStart() throws {
        let project = try TestProject()
        try project.write("far/model", "precious")
        try project.write(
            "inner/pipeline.json",
            #"""
            {"name": "p", "stages": {
              "a": {"command": "ln -s ../far d"},
              "b": {"command": "echo b > d/model", "outputs": ["d/model"], "needs": ["a"]}}}
            """#)
        let result = try project.runs(["exec", "--overwrite"], in: "inner")
        #expect(result.status == 1, "\(result.story)")
        #expect(result.errorOutput.contains(#""external": true"#), "\(result.story)")
        #expect(project.read("far/model") == "precious")
    }
}
