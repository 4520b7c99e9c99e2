// Pipelines in several folders of one project, and stores in other places: which folder paths belong to, and which past is
// whose.

import Foundation
import TestSupport
import Testing

@Suite(.blocking) struct SubprojectTests {
    let project: TestProject

    init() throws { project = try TestProject() }

    /// A pipeline that copies `in` to `out`, in a folder.
    private func writePipeline(_ folder: String, stage: String = "s", name: String? = nil) throws {
        let head = name.map { #""name": "\#($0)", "# } ?? ""
        try project.write(
            "\(folder)/pipeline.json",
            #"{\#(head)"stages": {"\#(stage)": {"command": "cp in out", "inputs": ["in"], "outputs": ["out"]}}}"#)
        try project.write("\(folder)/in", "of \(folder)\n")
    }

    // MARK: - A store that is named

    /// How the store is named, and the folder whose `.runs` holds the logs.
    @Test(arguments: [
        (".runs/runs.db", "."), ("./sub/../.runs/runs.db", "."), ("sub/.runs/runs.db", "sub"), ("elsewhere.db", "sub"),
        ("other/.runs/runs.db", "sub"),
    ])
    func pathsBelongToTheSameFolderFromTheFirstRunOn(store: String, root: String) throws {
        try writePipeline("sub")
        try project.write("other/.runs/.keep", "")
        for isAbsolute in [false, true, false] {
            let named = isAbsolute ? project.path(store) : store
            let result = try project.runs("exec", "sub/pipeline.json", "--store", named)
            #expect(result.status == 0, "\(result.story)")
            // What other stores there are makes no difference.
            try writePipeline(".")
            #expect(try project.runs("exec", environment: ["RUNS_STORE": ""]).status == 0)
        }
        #expect(project.exists("\(root)/.runs/logs/1/s.1.log"))
        let paths = try project.runs("query", "--store", store, "--format", "csv", "select distinct path from outputs")
        #expect(paths.output.contains(root == "." ? "sub/out" : "out"), "\(paths.story)")
        let again = try project.runs("exec", "sub/pipeline.json", "--store", store)
        #expect(again.errorOutput.hasSuffix("1 stage fresh, nothing to run\n"), "\(again.story)")
    }

    @Test func theVariableNamesTheStoreAsTheOptionDoes() throws {
        try writePipeline("sub")
        let environment = ["RUNS_STORE": project.path(".runs/runs.db")]
        #expect(try project.runs("exec", "sub/pipeline.json", environment: environment).status == 0)
        let again = try project.runs("exec", "sub/pipeline.json")
        #expect(again.errorOutput == "pipeline: 1 stage fresh, nothing to run\n", "\(again.story)")
        #expect(!project.exists("sub/.runs"))
    }

    @Test func projectsThatShareAStoreDoNotLoseEachOthersRuns() throws {
        let store = project.path("shared.db")
        try project.write(
            "a/pipeline.json",
            #"{"stages": {"s": {"command": "echo > begun; until test -e go; do sleep 0.05; done; echo > a", "outputs": ["a"]}}}"#
        )
        try writePipeline("b")
        let running = try project.start(["exec", "a/pipeline.json", "--store", store])
        try wait(for: "the stage to begin") { project.exists("a/begun") }
        let other = try project.runs("exec", "b/pipeline.json", "--store", store)
        #expect(other.status == 0, "\(other.story)")
        try project.write("a/go", "")
        let result = try running.finish()
        #expect(result.status == 0, "\(result.story)")
        let states = try project.runs("query", "--store", store, "--format", "csv", "select status from runs")
        #expect(states.output == "status\nsucceeded\nsucceeded\n")
    }

    // MARK: - Pipelines of one name

    @Test func filesOfOneNameAreToldApart() throws {
        for folder in [".", "sub"] { try writePipeline(folder) }
        let first = try project.runs("exec")
        #expect(first.errorOutput.contains("started (never ran)"))
        let second = try project.runs("exec", "sub/pipeline.json")
        #expect(second.errorOutput.hasPrefix("sub/pipeline.json: 1 stage (1 will run)\n"), "\(second.story)")
        #expect(second.errorOutput.contains("started (never ran)"), "\(second.story)")
        for file in ["pipeline.json", "sub/pipeline.json"] {
            let again = try project.runs("exec", file)
            #expect(again.errorOutput.hasSuffix(": 1 stage fresh, nothing to run\n"), "\(again.story)")
            #expect(try project.runs("status", file).output.contains("s,fresh"))
        }
        #expect(
            try project.query("select pipeline from latest order by execution_id").map { $0["pipeline"]?.text }
                == ["pipeline", "sub/pipeline.json"])
        let history = try project.runs("history", "s", "--format", "box").output
        #expect(history.contains("sub/pipeline.json"), "\(history)")
    }

    @Test func aNameInTheFileIsToldApartToo() throws {
        for folder in ["a", "b"] { try writePipeline(folder, name: "train") }
        try project.write(".runs/.keep", "")
        for folder in ["a", "b", "a"] {
            #expect(
                try project.runs("exec", "\(folder)/pipeline.json", "--store", ".runs/runs.db").status == 0)
        }
        #expect(
            try project.query("select distinct pipeline from runs order by pipeline").map { $0["pipeline"]?.text }
                == ["b/pipeline.json", "train"])
    }

    @Test func aPipelineThatMovesKeepsItsPast() throws {
        try project.write(
            "old.json", #"{"name": "p", "stages": {"s": {"command": "echo", "inputs": ["in"]}}}"#)
        try project.write("in", "")
        #expect(try project.runs("exec", "old.json").status == 0)
        try FileManager.default.moveItem(atPath: project.path("old.json"), toPath: project.path("new.json"))
        let moved = try project.runs("exec", "new.json")
        #expect(moved.errorOutput == "p: 1 stage fresh, nothing to run\n", "\(moved.story)")
        #expect(
            try project.query("select pipeline, pipeline_path from runs order by run_id").map {
                "\($0["pipeline"]?.text ?? "") \($0["pipeline_path"]?.text ?? "")"
            } == ["p old.json", "p new.json"])
    }

    // MARK: - A pipeline that a stage runs

    private func writeOuter(_ fields: String) throws {
        let program = try RunsBinary.path()
        try project.write(
            "pipeline.json",
            #"{"stages": {"outer": {"command": "'\#(program)' exec sub/pipeline.json && cp sub/out x", \#(fields)}}}"#)
    }

    @Test func aStageMayRunAnotherPipeline() throws {
        try writePipeline("sub")
        try writeOuter(#""inputs": ["sub/in", "sub/pipeline.json"], "outputs": ["x"]"#)
        for text in ["1", "2", "2"] {
            try project.write("sub/in", text)
            let result = try project.runs("exec")
            #expect(result.status == 0 && project.read("x") == text, "\(result.story)")
        }
    }

    /// Whether the inner pipeline is fresh makes no difference.
    @Test(arguments: [
        #""inputs": ["sub"], "outputs": ["x"]"#, #""inputs": ["sub/in", "sub/out"], "outputs": ["x"]"#,
        #""inputs": ["sub/in"], "outputs": ["x", "sub/out"]"#,
    ])
    func whatBothPipelinesUseIsRefusedEachTime(fields: String) throws {
        try writePipeline("sub")
        try project.write(".runs/.keep", "")
        #expect(try project.runs("exec", "sub/pipeline.json", "--store", ".runs/runs.db").status == 0)
        try writeOuter(fields)
        for text in ["of sub\n", "new", "new", "of sub\n"] {
            try project.write("sub/in", text)
            let result = try project.runs("exec")
            #expect(result.status == 1, "\(result.story)")
            #expect(result.errorOutput.contains("deadlock: this `runs exec` was started by a stage of run"))
            #expect(result.errorOutput.contains("give it a store of its own with --store"), "\(result.story)")
        }
    }

    @Test func aPipelineWithAStoreOfItsOwnRunsInAStage() throws {
        try writePipeline("sub")
        let program = try RunsBinary.path()
        try project.write(
            "pipeline.json",
            #"""
            {"stages": {"outer": {"command": "'\#(program)' exec sub/pipeline.json --store sub/.runs/runs.db",
              "inputs": ["sub/in", "sub/pipeline.json"], "outputs": ["sub/out"]}}}
            """#)
        for text in ["1", "2", "1"] {
            try project.write("sub/in", text)
            let result = try project.runs("exec")
            #expect(result.status == 0 && project.read("sub/out") == text, "\(result.story)")
        }
    }
}
