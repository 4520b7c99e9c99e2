// Outputs that become metrics files after they were made.

import TestSupport
import Testing

@Suite(.blocking) struct LateMetricsTests {
    let project: TestProject

    init() throws { project = try TestProject() }

    private func write(_ metrics: Bool, more: String = "") throws {
        let output = metrics ? #"{"path": "m.json", "metrics": true}"# : #""m.json""#
        try project.write(
            "pipeline.json",
            #"""
            {"params": {"v": 1}, "stages": {"s": {"command": "printf '{\"acc\": 0.%s, \"n\": 3}' ${{ params.v }} > m.json",
              "outputs": {"m": \#(output)}}\#(more)}}
            """#)
    }

    private func values() throws -> [String] {
        try project.query("select execution_id, name, value from metrics order by 1, 2").map {
            "\($0["execution_id"]?.integer ?? 0) \($0["name"]?.text ?? "") \($0["value"]?.number ?? 0)"
        }
    }

    @Test func aFileIsReadWhenItsStageIsFoundFresh() throws {
        try write(false)
        for _ in 0..<2 { #expect(try project.runs("exec").status == 0) }
        #expect(try values() == [])
        try write(true)
        #expect(try project.runs("exec", "--dry-run").status == 0)
        #expect(try values() == [], "a dry run records nothing")
        let read = try project.runs("exec")
        #expect(
            read.errorOutput
                == "s: fresh; its metrics file was read now (2 values)\npipeline: 1 stage fresh, nothing to run\n",
            "\(read.story)")
        #expect(try values() == ["1 acc 0.1", "1 n 3.0"])
        for metrics in [true, false, true] {
            try write(metrics)
            #expect(try project.runs("exec").errorOutput == "pipeline: 1 stage fresh, nothing to run\n", "once")
        }
        #expect(try values() == ["1 acc 0.1", "1 n 3.0"], "changing it back removes nothing")
    }

    @Test func aRestoredVersionIsReadToo() throws {
        try write(false)
        for value in [1, 2] { #expect(try project.runs("exec", "--set", "v=\(value)").status == 0) }
        try write(true)
        let restored = try project.runs("exec")
        #expect(
            restored.errorOutput.contains("s: fresh; its metrics file was read now (2 values)"), "\(restored.story)")
        #expect(try values() == ["1 acc 0.1", "1 n 3.0"])
        #expect(try project.runs("exec", "--set", "v=2").status == 0)
        #expect(try values() == ["1 acc 0.1", "1 n 3.0", "2 acc 0.2", "2 n 3.0"])
    }

    @Test func aFileThatCannotBeReadIsReportedEachTime() throws {
        try project.write(
            "pipeline.json", #"{"stages": {"s": {"command": "echo text > m.json", "outputs": ["m.json"]}}}"#)
        #expect(try project.runs("exec").status == 0)
        try project.write(
            "pipeline.json",
            #"{"stages": {"s": {"command": "echo text > m.json", "outputs": {"m.json": {"path": "m.json", "metrics": true}}}}}"#
        )
        for _ in 0..<3 {
            let result = try project.runs("exec")
            #expect(result.status == 0)
            #expect(result.errorOutput.hasPrefix("warning: cannot read the metrics of stage 's': "), "\(result.story)")
        }
    }

    @Test func acceptReadsThemToo() throws {
        try write(false)
        #expect(try project.runs("exec").status == 0)
        try write(true)
        let accepted = try project.runs("accept", "s")
        #expect(
            accepted.output == "s: fresh; its metrics file was read now (2 values)\ns: already fresh\n",
            "\(accepted.story)")
        #expect(try project.runs("accept", "s").output == "s: already fresh\n")
        #expect(try values() == ["1 acc 0.1", "1 n 3.0"])
    }

    @Test func manyStagesAreOneLine() throws {
        func write(_ output: String) throws {
            try project.write(
                "pipeline.json",
                #"""
                {"stages": {"s": {"matrix": {"k": [1, 2, 3]}, "command": "printf '{\"k\": %s}' ${{ matrix.k }} > ${{ outputs.m }}",
                  "outputs": {"m": \#(output)}}}}
                """#)
        }
        try write(#""m-${{ matrix.k }}""#)
        #expect(try project.runs("exec").status == 0)
        try write(#"{"path": "m-${{ matrix.k }}", "metrics": true}"#)
        let read = try project.runs("exec")
        #expect(read.errorOutput.hasPrefix("3 fresh stages: their metrics files were read now (3 values)\n"))
        #expect(try values() == ["1 k 1.0", "2 k 2.0", "3 k 3.0"])
    }
}
