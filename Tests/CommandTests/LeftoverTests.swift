// Inputs that a stage made which the pipeline no longer has: every run, plan and status says so.

import Foundation
import TestSupport
import Testing

@Suite(.blocking) struct LeftoverTests {
    let project: TestProject

    init() throws { project = try TestProject() }

    private func write(_ stages: String) throws { try project.write("pipeline.json", #"{"stages": {\#(stages)}}"#) }

    private let consumer = #""c": {"command": "cat foo > c", "inputs": ["foo"], "outputs": ["c"]}"#

    private func maker(_ name: String, _ output: String) -> String {
        #""\#(name)": {"command": "echo made > \#(output)", "outputs": ["\#(output)"]}"#
    }

    /// The lines that warn, of every command that should.
    private func warnings(_ options: [String] = []) throws -> [String] {
        func warnings(_ command: String, _ more: String...) throws -> [String] {
            let result = try project.runs([command] + options + more)
            return result.errorOutput.split(separator: "\n").filter { $0.hasPrefix("warning: ") }.map(String.init)
        }
        let planned = try warnings("exec", "--dry-run")
        #expect(try warnings("status") == planned)
        #expect(try warnings("exec") == planned)
        #expect(try warnings("exec") == planned, "also if everything is fresh")
        return planned
    }

    @Test(arguments: ["removed", "renamed", "moved"]) func theMakerOfAnInputIsGone(how: String) throws {
        try write("\(maker("foo", "foo")), \(consumer)")
        #expect(try warnings() == [])
        switch how {
        case "removed": try write(consumer)
        case "renamed": try write("\(maker("bar", "bar")), \(consumer)")
        default: try write("\(maker("foo", "bar")), \(consumer)")
        }
        let change =
            how == "moved" ? "whose outputs no longer include it" : "which this pipeline no longer has"
        #expect(try warnings() == ["warning: input 'foo' was made by stage 'foo', \(change)"])
        try project.write("foo", "mine")
        #expect(try warnings() == [], "what was replaced is not left over")
        try project.write("foo", "made\n")
        try write("\(maker("foo", "foo")), \(consumer)")
        #expect(try warnings() == [], "a stage makes it again")
    }

    @Test(arguments: ["parts/*.txt", "parts", "parts/**", "p*/*.txt"])
    func leftoversBesideNewFilesAreReported(input: String) throws {
        func write(_ values: String) throws {
            try self.write(
                #"""
                "part": {"matrix": {"k": [\#(values)]}, "command": "echo ${{ matrix.k }} > parts/${{ matrix.k }}.txt",
                  "outputs": ["parts/${{ matrix.k }}.txt"]},
                "all": {"command": "ls parts > all", "inputs": ["\#(input)"], "outputs": ["all"]}
                """#)
        }
        try write("1, 2, 3, 4")
        #expect(try warnings() == [])
        try write("1")
        #expect(
            try warnings() == [
                "warning: 3 inputs such as 'parts/2.txt' were made by 3 stages of 'part', which this pipeline no longer has"
            ])
        try write("1, 2")
        #expect(
            try warnings() == [
                "warning: 2 inputs such as 'parts/3.txt' were made by 2 stages of 'part', which this pipeline no longer has"
            ])
        try project.remove("parts/3.txt")
        try project.remove("parts/4.txt")
        #expect(try warnings() == [])
    }

    @Test func foldersOfAStageThatIsGoneAreReported() throws {
        try write(
            #"""
            "d": {"command": "mkdir -p out/d && echo > out/d/a.csv", "outputs": ["out/d"]},
            "c": {"command": "ls -R out > c", "inputs": ["out"], "outputs": ["c"]},
            "e": {"command": "cp out/d/a.csv e", "inputs": ["out/d/a.csv"], "outputs": ["e"]}
            """#)
        #expect(try warnings() == [])
        try write(#""e": {"command": "cp out/d/a.csv e", "inputs": ["out/d/a.csv"], "outputs": ["e"]}"#)
        let expected = ["warning: input 'out/d' was made by stage 'd', which this pipeline no longer has"]
        #expect(try warnings() == expected)
        try write(#""g": {"command": "ls out/d > g", "inputs": ["out/d/*.csv"], "outputs": ["g"]}"#)
        #expect(try warnings() == expected)
        try write(#""g": {"command": "ls out/d > g", "inputs": ["out/x/*.csv", "src"], "outputs": ["g"]}"#)
        #expect(try project.runs("status").errorOutput == "", "nothing reads it")
    }

    @Test func manyAreFolded() throws {
        let makers = (1...6).map { maker("m\($0)", "f\($0)") }.joined(separator: ", ")
        let consumer = #""c": {"command": "cat f* > c", "inputs": ["f*"], "outputs": ["c"]}"#
        try write("\(makers), \(consumer)")
        #expect(try warnings() == [])
        try write(consumer)
        #expect(
            try warnings() == [
                "warning: 6 inputs such as 'f1' were made by stages that this pipeline no longer has, or whose outputs no "
                    + "longer include them"
            ])
    }

    @Test func whatIsNotReadOrStillMadeIsNotReported() throws {
        try write("\(maker("foo", "foo")), \(maker("lone", "lone")), \(consumer)")
        #expect(try warnings() == [])
        try write("\(maker("other", "foo")), \(consumer)")
        #expect(try warnings() == [], "another stage makes foo now, and nothing reads lone")
        #expect(try project.runs("exec", "c", "--force").status == 0)
        try write(#""c": {"command": "cat foo > c", "inputs": ["foo"], "outputs": ["c"], "frozen": true}"#)
        #expect(try warnings() == [], "the inputs of a frozen stage do not matter")
    }
}
