// A lineage as a tree, and the limits of the tree.

import Model
import Report
import Testing

private func path(_ path: String) throws -> RecordedPath {
    let digest = try #require(Digest(bytes: [UInt8](repeating: 0xab, count: 32)))
    return RecordedPath(
        name: path, path: path, fingerprint: Fingerprint(kind: .content, digest: digest, sizeBytes: 1200))
}

private func node(_ id: Int64, _ stage: String) -> Lineage.Node {
    var execution = ExecutionFacts(id: ExecutionID(id), runID: RunID(1))
    execution.stage = stage
    execution.state = .succeeded
    execution.startedAt = "2026-11-24T08:30:13.000042Z"
    return Lineage.Node(execution: execution)
}

@Suite struct LineageTextTests {
    /// 1 clean → 2 train → 3, 4 judge (twice), 5 sum; all read the same source.
    private func example() throws -> Lineage {
        var lineage = Lineage(fingerprint: try path("model").fingerprint)
        lineage.paths = ["model"]
        lineage.makers = [ExecutionID(2), ExecutionID(9)]
        lineage.readers = [ExecutionID(5), ExecutionID(4), ExecutionID(3)]
        lineage.upstream = [ExecutionID(2), ExecutionID(1)]
        lineage.downstream = lineage.readers
        let source = Lineage.Input(read: try path("raw\u{7}"), maker: nil)
        var (clean, train, judge) = (node(1, "clean"), node(2, "train"), node(4, "judge"))
        clean.inputs = [source]
        train.inputs = [
            Lineage.Input(read: try path("data"), maker: ExecutionID(1)), source,
            Lineage.Input(read: try path("more"), maker: ExecutionID(1)),
        ]
        train.execution.params = [Param(name: "lr", value: .number("0.1"))]
        judge.outputs = try ["a", "b", "c", "d"].map(path)
        judge.readers = [ExecutionID(5)]
        var failed = node(5, "sum")
        failed.execution.state = .failed
        for node in [clean, train, node(3, "judge"), judge, failed] { lineage.nodes[node.execution.id] = node }
        return lineage
    }

    @Test func bothDirectionsAsATree() throws {
        #expect(
            lineageText(try example(), path: "model") == """
                model: 1.20 kB, sha256 abababab…
                made by train (execution 2 of run 1, 2026-11-24 08:30:13 UTC), and by 1 other execution
                with lr=0.1
                ├─ data ← clean (execution 1 of run 1)
                │  └─ raw\\x07
                ├─ raw\\x07
                └─ more ← clean (execution 1 of run 1), as above
                read by
                ├─ sum (execution 5 of run 1, failed)
                └─ judge (execution 4 of run 1) → a, b, c and 1 more, and 1 earlier execution
                   └─ sum (execution 5 of run 1, failed)

                """)
        #expect(lineageText(try example(), path: "copy").contains("\nsame contents as model\n"))
        var unread = Lineage(fingerprint: try path("x").fingerprint)
        unread.paths = ["x"]
        #expect(
            lineageText(unread, path: "x").hasSuffix("source: not made by any execution\nnot read by any execution\n"))
    }

    @Test func treesAreBounded() throws {
        var lineage = Lineage(fingerprint: try path("f").fingerprint)
        let length: Int64 = 10_000
        lineage.makers = [ExecutionID(length)]
        for id in 1...length {
            var link = node(id, "link\(id)")
            if id > 1 { link.inputs = [Lineage.Input(read: try path("f"), maker: ExecutionID(id - 1))] }
            if id < length { link.readers = [ExecutionID(id + 1)] }
            lineage.nodes[link.execution.id] = link
        }
        lineage.readers = [ExecutionID(1)]
        let text = lineageText(lineage, path: "f")
        #expect(text.split(separator: "\n").count == 2 + 12 + 1 + 12)
        #expect(text.contains(", and more before it\n") && text.contains(", and more after it\n"))

        lineage.readers = (1...1000).map { ExecutionID($0) }
        let wide = lineageText(lineage, path: "f").split(separator: "\n")
        #expect(wide.count < 130 && wide.last == "… truncated after 100 lines (use --format json to print all)")
    }

    @Test func jsonIsFlat() throws {
        let json = lineageJSON(try example(), path: "model")
        guard case .array(let executions)? = json["executions"] else {
            Issue.record("no executions")
            return
        }
        #expect(executions.map { $0["execution_id"]?.text } == ["2", "1", "5", "4", "3"])
        #expect(
            executions.map { $0["direction"]?.text } == [#""upstream""#, #""upstream""#]
                + Array(repeating: #""downstream""#, count: 3))
        #expect(
            json["made_by"]?.text == "[2,9]" && executions[3]["read_by"]?.text == "[5]"
                && executions[0]["read_by"] == .null)
        #expect(json["is_cut_off"] == .bool(false))
    }
}
