// Errors found before anything runs: exit status 2, a message, and nothing changed.

import Glibc
import TestSupport
import Testing

@Suite struct RefusalTests {
    @Test func allErrorsOfAFileAreReported() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {
              "name": "bad",
              "stages": {
                "a": {"comand": "true", "command": "true", "outputs": ["x"]},
                "b": {"command": "true ${{ params.lr }}", "outputs": ["x"], "resources": {"gpus": 1.5}},
                "c": {"command": "true", "inputs": {"i": {"from": "aa.x"}}, "timeout": "soon"}
              }
            }
            """#)
        let result = try project.runs("exec")
        #expect(result.status == 2)
        #expect(result.output.isEmpty)
        for place in ["stages.a.comand", "stages.b.resources.gpus", "stages.c.timeout", "stages.c.inputs.i"] {
            #expect(result.errorOutput.contains(place), "\(place)\n\(result.story)")
        }
        #expect(!project.exists(".runs"), "nothing was made")
        try expectGolden(result.errorOutput, "refused-pipeline")
    }

    @Test func aMissingSourceIsAnErrorOfExecOnly() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"first": {"command": "touch f", "outputs": ["f"]}, "s": {"command": "cp in out", "inputs": ["in"], "outputs": ["out"]}}}"#
        )
        let result = try project.runs("exec")
        #expect(result.status == 2)
        #expect(result.errorOutput.contains("'s'") && result.errorOutput.contains("'in'"))
        #expect(!project.exists("f"), "nothing ran")
        #expect(try project.runs("status").status == 0)
        #expect(try project.runs("exec", "first").status == 0)
    }

    @Test func missingResourcesAreAnError() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"g": {"command": "true", "resources": {"gpus": 1}}, "l": {"command": "true", "resources": {"licence": 1}}}}"#
        )
        let result = try project.runs(["exec"], environment: ["CUDA_VISIBLE_DEVICES": ""])
        #expect(result.status == 2)
        #expect(result.errorOutput.contains("'g'") && result.errorOutput.contains("gpus"))
        #expect(result.errorOutput.contains("--capacity licence=N"))
        let met = try project.runs(["exec", "--capacity", "licence=1"], environment: ["CUDA_VISIBLE_DEVICES": "3"])
        #expect(met.status == 0, "\(met.story)")
    }

    /// A plan can be looked at where it cannot run; other errors stay errors.
    @Test func aPlanSaysOnceWhatThisMachineCannotRun() throws {
        let project = try TestProject(
            stages: #"""
                "g": {"matrix": {"x": [1, 2, 3]}, "command": "true", "resources": {"gpus": 1, "licence": 2}},
                "h": {"command": "true", "resources": {"memory": "900TiB"}}
                """#)
        let plan = try project.runs(["exec", "--dry-run"], environment: ["CUDA_VISIBLE_DEVICES": ""])
        #expect(plan.status == 0 && plan.output.contains("4 will run"), "\(plan.story)")
        let notes = plan.errorOutput.split(separator: "\n")
        #expect(notes.count == 2, "\(plan.story)")
        #expect(notes.first?.hasPrefix("note: 3 stages of 'g' cannot run on this machine: requests 1 gpus") ?? false)
        #expect(notes.first?.contains("licence") ?? false)
        #expect(notes.last?.hasPrefix("note: stage 'h' cannot run on this machine: requests") ?? false)
        let lines = try project.runs(["exec", "-n", "--output", "jsonl"], environment: ["CUDA_VISIBLE_DEVICES": ""])
        #expect(lines.status == 0 && lines.output.split(separator: "\n").count == 4, "\(lines.story)")
        #expect(try project.runs(["exec"], environment: ["CUDA_VISIBLE_DEVICES": ""]).status == 2)

        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"g": {"command": "cp in out", "inputs": ["in"], "outputs": ["out"], "resources": {"licence": 2}}}}"#
        )
        try project.expect(
            "exec", "-n", status: 2, errors: ["note: stage 'g' cannot run", "input 'in' does not exist"])
    }

    /// A huge total must not create a list of a hundred billion devices.
    @Test func hugeTotalsAreAccepted() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json", #"{"name": "p", "capacity": {"gpus": 1e11}, "stages": {"s": {"command": "true"}}}"#)
        for arguments in [["exec"], ["exec", "--force", "--capacity", "cpus=1e11", "--capacity", "gpus=1e11"]] {
            let result = try project.runs(arguments, timeout: .seconds(20))
            #expect(result.status == 0, "\(result.story)")
        }
    }

    @Test func untrackedFilesAreNotOverwritten() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json", #"{"name": "p", "stages": {"s": {"command": "echo made > out", "outputs": ["out"]}}}"#)
        try project.write("out", "mine")
        let result = try project.runs("exec")
        #expect(result.status == 2)
        #expect(result.errorOutput.contains("'out'") && result.errorOutput.contains("--overwrite"))
        #expect(project.read("out") == "mine")
        #expect(try project.runs("exec", "--overwrite").status == 0)
        #expect(project.read("out") == "made\n")
        #expect(project.files(below: ".runs/kept").values.contains("mine"), "it is kept too")
    }

    /// Command lines, and what the error must contain.
    @Test(arguments: [
        (["exec", "nope.json"], "nope.json"), (["exec", "trian"], "(did you mean 'train'?)"),
        (["exec", "--set", "lr"], "NAME=VALUE"), (["exec", "--grace", "soon"], "duration"),
        (["exec", "--jobs", "0"], "--jobs"),
        (["exec", "--no-such-option"], "no-such-option"), (["exec", "--set", "lrr=1"], "lr"),
        (["frobnicate"], "frobnicate"),
        (["exec", "--capacity", "cpus=many"], "invalid amount 'many'"), (["why"], "file-and-stage"),
    ])
    func invalidCommandLines(_ arguments: [String], _ expected: String) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "params": {"lr": 1}, "stages": {"train": {"command": "true ${{ params.lr }}"}}}"#)
        let result = try project.runs(arguments)
        #expect(result.status == 2, "\(result.story)")
        #expect(result.errorOutput.contains(expected), "\(result.story)")
    }

    @Test func aMissingStoreIsAnError() throws {
        let project = try TestProject()
        for arguments in [["query", "select 1"], ["history", "train"], ["logs", "train"]] {
            let result = try project.runs(arguments)
            #expect(result.status == 3)
            #expect(result.errorOutput.contains("runs exec"))
        }
    }

    /// Whatever the umask, only owner and group can read and write the store, and write to its folder.
    @Test(arguments: [(0o000, 0o660, 0o775), (0o002, 0o660, 0o775), (0o022, 0o640, 0o755), (0o077, 0o600, 0o700)])
    func theStoreIsNotForOthers(umask: Int, file: Int, folder: Int) throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"s": {"command": "true"}}}"#)
        let mask = String(umask, radix: 8)
        let line = "cd '\(project.folder)' && umask \(mask) && '\(try RunsBinary.path())' exec --output quiet"
        #expect(system(line) == 0)
        for (path, expected) in [(".runs/runs.db", file), (".runs", folder)] {
            var status = stat()
            #expect(stat(project.path(path), &status) == 0)
            #expect(
                Int(status.st_mode & 0o777) == expected,
                "\(path): \(String(status.st_mode & 0o777, radix: 8)), umask \(mask)")
        }
    }

    /// Names are the user's: a line break in one starts no further message.
    @Test(arguments: [
        #""a": {"command": "true", "inputs": ["no\nthing"]}"#, #""a": {"command": "true", "outputs": ["na\nme*"]}"#,
    ])
    func oneProblemIsOneLine(stage: String) throws {
        let project = try TestProject(stages: stage)
        let result = try project.runs("exec")
        #expect(result.status == 2 && result.errorOutput.contains(#"\n"#), "\(result.story)")
        #expect(result.errorOutput.split(separator: "\n").count == 1, "\(result.story)")
    }
}
