// Where contents come from and what was made from them, for chains of any length.

import Model
import RunsSQL
import Testing

@testable import Store

@Suite struct LineageTests {
    let store: Store
    let run: RunID

    init() throws {
        store = try Store.inMemory()
        run = try store.beginRun(runStart(), liveness: liveness)
    }

    @discardableResult
    private func succeed(
        _ stage: String, reading inputs: [RecordedPath] = [], making outputs: [RecordedPath] = []
    ) throws -> ExecutionID {
        let id = try store.begin(start(stage, inputs: inputs, outputs: outputs.map(\.path)), run: run, pipeline: "p")
        try store.finish(success(id, outputs: outputs))
        return id
    }

    private func lineage(_ content: Int, at path: String = "f", _ limits: LineageLimits = LineageLimits()) throws
        -> Lineage
    {
        try store.lineage(
            of: Fingerprint(kind: .content, digest: digest(content), sizeBytes: 10), at: path, limits: limits)
    }

    private func lineage(_ path: RecordedPath, _ limits: LineageLimits = LineageLimits()) throws -> Lineage {
        try store.lineage(of: path.fingerprint, at: "f", limits: limits)
    }

    /// A content whose digest differs from others in its first bytes, as real ones do: dictionaries hash these.
    private func link(_ number: Int) -> RecordedPath {
        let head = (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        guard let digest = Digest(bytes: head + [UInt8](repeating: 0, count: 24)) else {
            preconditionFailure("32 bytes")
        }
        return RecordedPath(
            name: "f", path: "f", fingerprint: Fingerprint(kind: .content, digest: digest, sizeBytes: 10))
    }

    @Test func bothDirectionsAreFollowed() throws {
        let clean = try succeed("clean", reading: [recorded("raw", "raw", 1)], making: [recorded("c", "clean", 2)])
        let train = try succeed("train", reading: [recorded("c", "clean", 2)], making: [recorded("m", "model", 3)])
        let judge = try succeed("judge", reading: [recorded("m", "model", 3)], making: [recorded("s", "score", 4)])
        let found = try lineage(3)
        #expect(found.makers == [train] && found.upstream == [train, clean])
        #expect(found.readers == [judge] && found.downstream == [judge])
        #expect(found.paths == ["model"] && !found.isCutOff)
        #expect(found.nodes[clean]?.inputs.map(\.maker) == [nil])
        #expect(found.nodes[train]?.inputs.map(\.maker) == [clean])
        let source = try lineage(1)
        #expect(source.makers.isEmpty && source.downstream == [clean, train, judge])
        #expect(source.nodes[train]?.readers == [judge])
        let unknown = try lineage(9)
        #expect(unknown.makers.isEmpty && unknown.readers.isEmpty && unknown.nodes.isEmpty)
    }

    @Test func recordedPathsCountAloneAndCopiesByDigest() throws {
        let here = try succeed("a", making: [recorded("o", "here", 1)])
        let there = try succeed("b", making: [recorded("o", "there", 1)])
        let reader = try succeed("c", reading: [recorded("i", "there", 1)])
        let copied = try succeed("d", reading: [recorded("i", "copied", 1)])
        let found = try lineage(1, at: "here")
        #expect(found.makers == [here] && found.readers.isEmpty && found.paths == ["here", "there", "copied"])
        #expect(try lineage(1, at: "there").readers == [reader])
        let copy = try lineage(1, at: "copied")
        #expect(copy.makers == [there, here] && copy.readers == [copied], "it was made elsewhere")
        let unknown = try lineage(1, at: "elsewhere")
        #expect(unknown.makers == [there, here] && unknown.readers == [copied, reader])
        #expect(unknown.paths == ["there", "here", "copied"])
    }

    /// Many files share a size and a time, so these only identify content at the same path.
    @Test func metadataDigestsCountAtTheirPathOnly() throws {
        let stats = Fingerprint(kind: .metadata, digest: digest(1), sizeBytes: 10)
        let first = try succeed("a", making: [RecordedPath(name: "o", path: "here", fingerprint: stats)])
        try succeed("b", making: [RecordedPath(name: "o", path: "there", fingerprint: stats)])
        #expect(try store.lineage(of: stats, at: "here").makers == [first])
        #expect(try store.lineage(of: stats, at: "elsewhere").makers.isEmpty)
    }

    /// A rerun that makes the same: later readers read what it made, earlier ones what the first made.
    @Test func readersBelongToTheNewestEarlierMaker() throws {
        let source = recorded("s", "source", 7)
        let first = try succeed("a", reading: [source], making: [recorded("o", "out", 1)])
        let early = try succeed("early", reading: [recorded("o", "out", 1)])
        let second = try succeed("a", reading: [source], making: [recorded("o", "out", 1)])
        let late = try succeed("late", reading: [recorded("o", "out", 1)])
        let found = try lineage(7)
        #expect(found.nodes[first]?.readers == [early] && found.nodes[second]?.readers == [late])
        #expect(try lineage(1).readers == [late, early])
    }

    /// A file that is made, read and made again with the same content by the same stages: nothing is followed twice.
    @Test func cyclesAreFollowedOnce() throws {
        for _ in 0..<3 {
            try succeed("a", reading: [recorded("b", "b", 2)], making: [recorded("a", "a", 1)])
            try succeed("b", reading: [recorded("a", "a", 1)], making: [recorded("b", "b", 2)])
        }
        let found = try lineage(1)
        #expect(Set(found.upstream).count == found.upstream.count && found.upstream.count == 5)
        #expect(Set(found.downstream).count == found.downstream.count)
    }

    @Test func limitsCutLongChainsAndWideFans() throws {
        let length = 10_000
        try store.inTransaction { () throws(Failure) in
            for number in 0..<length {
                let id = try store.begin(start("link", inputs: [link(number)], outputs: ["f"]), run: run, pipeline: "p")
                try store.finish(success(id, outputs: [link(number + 1)]))
            }
        }
        let up = try lineage(link(length))
        #expect(up.upstream.count == length && !up.isCutOff)
        let down = try lineage(link(0))
        #expect(down.downstream.count == length && !down.isCutOff)
        var limits = LineageLimits()
        limits.executions = 50
        let cut = try lineage(link(length), limits)
        #expect(cut.upstream.count == 50 && cut.isCutOff)

        limits = LineageLimits()
        limits.linksOfOne = 20
        for number in 0..<30 { try succeed("reader\(number)", reading: [link(length)]) }
        let wide = try lineage(link(length), limits)
        #expect(wide.readers.count == 20 && wide.isCutOff)
        #expect(wide.readers.first.map { $0.value } == Int64(length + 30))
        let below = try lineage(link(length - 1), limits)
        #expect(below.isCutOff && below.nodes[ExecutionID(Int64(length))]?.readers.count == 20)
    }

    @Test(arguments: [SQL.makersOfDigest, SQL.readersOfDigest, SQL.readersOfOutputs, SQL.inputsWithMakers])
    func statementsUseIndexes(statement: Statement) throws {
        let plan = try PreparedStatement(
            "EXPLAIN QUERY PLAN " + statement.text, in: store.connection, isPersistent: false)
        let details = try plan.all { row in row.text(3) }
        #expect(!details.contains { $0.hasPrefix("SCAN") || $0.contains("AUTOMATIC") }, "\(details)")
    }
}
