// Cached pipelines are decoded unchanged, and corrupt bytes are rejected or harmless.

import Model
import TestSupport
import Testing

@testable import PlanCache

struct CodingTests {
    /// Every field differs from its default.
    private let stage = Stage(
        name: "train@lr=0.1", template: "train", summary: "trains", command: .argv(["python3", "a b.py", ""]),
        workingDirectory: "sub",
        environment: [EnvironmentVariable(name: "A", value: "1"), EnvironmentVariable(name: "B", value: nil)],
        passedEnvironment: ["HOME"],
        params: [
            Param(name: "lr", value: .number("0.10")),
            Param(
                name: "all",
                value: .object([
                    JSONValue.Member(name: "x", value: .array([.null, .bool(true), .string("é\n")]))
                ])),
        ],
        inputs: [
            Input(
                name: "in", path: "data/*.csv", isGlob: true, mode: .metadata,
                exclusions: Exclusions(leavesOutNoise: true, patterns: ["*.log", "old/**"])),
            Input(name: "all", path: "src", exclusions: .none),
        ],
        outputs: [
            Output(name: "o", path: "out", mode: .metadata, persistence: .always, isMetrics: true, isExternal: true)
        ],
        resources: ResourceRequest(
            cpus: Quantity(2), gpus: Quantity(thousandths: 500), memoryBytes: 1 << 33, counted: ["licence": .one]),
        retries: RetryPolicy(max: 3, delaySeconds: 1.5, on: [.outOfMemory], memoryFactor: 2), timeoutSeconds: 60,
        isAlways: true, isFrozen: true, keep: 5,
        discovery: InputDiscovery(followsImports: false, startsPython: true, depfile: "x.d", ignoredPrograms: ["a.py"]),
        lateTemplates: Self.values.enumerated().map { index, value in
            let place: LateTemplate.Place = [.word(1), .variable("A"), .shellText][index % 3]
            return LateTemplate(place: place, start: index, count: 3, value: value, isQuoted: index == 1)
        })

    private static let values: [LateValue] = [.matches("in"), .cpus, .memoryBytes, .gpus, .attempt]

    private var shell: Stage {
        var other = Stage(name: "plain", template: "plain", command: .shell("cat 'x' > y"))
        other.inputs = [Input(name: "in", path: "out")]
        other.outputs = [Output(name: "y", path: "y")]
        other.shell = Shell(words: ["sh", "-c"])
        return other
    }

    private var graph: Graph {
        Graph(
            pipeline: "p", stages: [stage, shell], predecessors: [[], [0]], producers: [[[], []], [[0]]],
            defaultTargets: [0, 1],
            capacity: ["licence": Quantity(2)])
    }

    /// The second stage has read what the first makes, and a module.
    private let discovered: (sets: [[String]], ofStage: [Int?]) = ([["out", "lib.py"]], [nil, 0])

    @Test func aPipelineIsDecodedUnchanged() throws {
        let (body, paths) = PipelineBody.made(
            of: graph, isSelected: [true, true], discovered: discovered, warnings: ["careful"])
        let back = try #require(PipelineBody(bytes: body.bytes, pathCount: paths.count))
        let again = try #require(back.graph(of: [0, 1], pipeline: "p"))
        #expect(again.stages == graph.stages)
        #expect(again.predecessors == graph.predecessors && again.producers == graph.producers)
        #expect(again.capacity == graph.capacity && back.warnings == ["careful"])
        #expect((0..<paths.count).map { paths[$0] } == ["src", "out", "y", "lib.py"])
        #expect(back.set(of: 0) == nil && back.set(of: 1) == 0 && Array(back.paths(ofSet: 0)) == [1, 3])
        #expect(back.concerned(isChanged: [false, false, false, true], isSuspect: [false, false]) == [true, true])
        let part = try #require(back.graph(of: [1], pipeline: "p"))
        #expect(part.stages == [shell] && part.predecessors == [[]] && part.producers == [[[]]])
    }

    @Test func anIndexIsDecodedUnchanged() throws {
        var expansionInputs = ExpansionInputs()
        expansionInputs.files = ["params.json": contentDigest(of: [1, 2])]
        expansionInputs.probes = ["cp": false, "train.py": true]
        expansionInputs.variables["HOME"] = contentDigest(of: [3])
        expansionInputs.variables["UNSET"] = .some(nil)
        var paths = PathTable()
        for path in ["a", "sub/b c", "é\n"] { paths.append(path) }
        let index = PipelineIndex(pipeline: "p", stagesTotal: 7, expansionInputs: expansionInputs, paths: paths)
        let back = try #require(PipelineIndex(bytes: index.bytes))
        #expect(back.pipeline == "p" && back.stagesTotal == 7 && back.expansionInputs == expansionInputs)
        #expect((0..<3).map { back.paths[$0] } == ["a", "sub/b c", "é\n"])
    }

    @Test func cachedStagesAreDecodedUnchanged() throws {
        let stamp = FileStamp(device: 1, inode: .max, sizeBytes: 3, modifiedNanoseconds: -4, changedNanoseconds: 5)
        let cached = CachedStages(
            stamps: [stamp, CachedStages.unknownStamp], isSuspect: [true, false],
            executions: [ExecutionID(9), nil],
            stageIDs: [4, 5])
        let stamps = try #require(CachedStages.stamps(bytes: cached.stampBytes, count: 2))
        let back = try #require(CachedStages(stamps: stamps, stageBytes: cached.stageBytes, stagesTotal: 2))
        #expect(back.stamps == cached.stamps && back.isSuspect == cached.isSuspect)
        #expect(back.executions == cached.executions && back.stageIDs == cached.stageIDs)
        #expect(CachedStages.stamps(bytes: cached.stampBytes, count: 3) == nil)
        #expect(CachedStages(stamps: stamps, stageBytes: cached.stageBytes, stagesTotal: 3) == nil)
    }

    @Test func requestsDifferByFileAndWords() {
        let digests = [
            requestDigest(ofPipeline: [1], words: ["a"]), requestDigest(ofPipeline: [2], words: ["a"]),
            requestDigest(ofPipeline: [1], words: ["b"]), requestDigest(ofPipeline: [1], words: ["a", ""]),
            requestDigest(ofPipeline: [], words: ["a"]),
        ]
        #expect(Set(digests).count == digests.count)
    }

    /// Commands and dependencies are never decoded from corrupt bytes.
    @Test func everyChangedByteOfStagesIsRejected() {
        let (body, paths) = PipelineBody.made(
            of: graph, isSelected: [true, true], discovered: discovered, warnings: ["careful"])
        func isAccepted(_ bytes: [UInt8]) -> Bool {
            guard let back = PipelineBody(bytes: bytes, pathCount: paths.count) else { return false }
            return back.graph(of: [0, 1], pipeline: "p") != nil
        }
        let bytes = body.bytes
        #expect(isAccepted(bytes) && !isAccepted(bytes.dropLast()) && !isAccepted(bytes + [0]))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(!isAccepted(changed), "byte \(index)")
        }
        let cached = CachedStages(stamps: [], isSuspect: [true], executions: [ExecutionID(9)], stageIDs: [4])
        let stageBytes = cached.stageBytes
        for index in stageBytes.indices {
            var changed = stageBytes
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(CachedStages(stamps: [], stageBytes: changed, stagesTotal: 1) == nil, "byte \(index)")
        }
    }

    /// Neither corrupt nor truncated bytes may trap.
    @Test(arguments: testSeeds(count: 4)) func changedBytesOfAnIndexNeverTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (_, paths) = PipelineBody.made(of: graph, isSelected: [true, true], discovered: discovered, warnings: [])
        let index = PipelineIndex(pipeline: "p", stagesTotal: 2, expansionInputs: ExpansionInputs(), paths: paths)
        var rejected = 0
        for round in 0..<2000 {
            var bytes = index.bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            if round % 5 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator)) }
            if PipelineIndex(bytes: bytes) == nil { rejected += 1 }
        }
        #expect(rejected > 200)
    }
}
