// Single stages: every reason to run, and every way in which a stage is fresh.

import Model
import Planner
import Testing

@Suite struct StalenessRuleTests {
    // MARK: Keys of version 0.1

    /// A stage that ran with the params, recorded with a key of encoding 1, and what is decided now.
    private func decision(
        then: JSONValue, now: JSONValue, isMarked: Bool = true, reads: [String] = ["in"]
    ) throws -> Decision {
        func copy(_ value: JSONValue) -> Stage {
            var copy = stage("copy", reads: reads, makes: ["out"])
            if case .object(let members) = value {
                copy.params = members.map { Param(name: "p.\($0.name)", value: $0.value) }
                copy.nestedParams = .object(["p": value])
            } else {
                copy.params = [Param(name: "p", value: value)]
            }
            return copy
        }
        let disk = Disk(files: ["in": "1", "out": "2"])
        var past = Past()
        past.hasEarlierKeys = isMarked
        past.ran(copy(then), on: disk, base: earlierBaseKey(of: copy(then), environment: []))
        return try decide(copy(now), past, disk)
    }

    @Test func resultsOfVersion01StayFresh() throws {
        let object: JSONValue = .object(["lr": .number("0.1"), "steps": .array([.number("1e-05")])])
        for value in [.number("0.1"), .string("a"), .number("9223372036854775807"), object]
            as [JSONValue]
        {
            #expect(try decision(then: value, now: value).verdict == .fresh, "\(value.text)")
        }
        let reordered: JSONValue = .object(["steps": .array([.number("0.00001")]), "lr": .number("0.10")])
        #expect(try decision(then: object, now: reordered).verdict == .fresh)
        #expect(try decision(then: object, now: object, isMarked: false).verdict == .run)
        #expect(try decision(then: .number("1"), now: .number("2")).verdict == .run)
    }

    @Test(arguments: ["18446744073709551614", "0.12345678901234567", "1e-400", "1e400"])
    func whatADoubleDoesNotHoldHasNoEarlierKey(number: String) {
        #expect(
            earlierBaseKey(
                of: stage("s", makes: [], params: [Param(name: "p", value: .number(number))]), environment: []) == nil)
    }

    private let copy = stage("copy", reads: ["in"], makes: ["out"], params: [Param(name: "lr", value: .number("0.1"))])
    private let disk = Disk(files: ["in": "1", "out": "made of 1"])

    private func decide(
        _ stage: Stage, _ past: Past, _ disk: Disk, forced: Bool = false, mayRestore: Bool = true
    ) throws -> Decision {
        let graph = graph([stage])
        let facts = try gatherFacts(
            of: 0, in: graph, decisions: [Decision(verdict: .run, reasons: [])], files: disk, history: past,
            environment: stage.environment)
        let decisions = [Decision(verdict: .run, reasons: [])]
        let sets = DiscoveredSets(graph: graph, makers: MakerIndex(graph), files: disk, members: past.discovered)
        return try StalenessRule(history: past, mayRestore: mayRestore).evaluate(stage, facts: facts, isForced: forced)
        {
            set throws(Failure) in try sets.condition(of: set, for: 0, decisions)
        }
    }

    @Test func aStageThatNeverRanRuns() throws {
        let decision = try decide(copy, Past(), Disk(files: ["in": "1"]))
        #expect(decision.verdict == .run)
        #expect(decision.reasons == [Reason(.neverRan)])
    }

    // MARK: - Discovered inputs

    private let withLibrary = Disk(files: ["in": "1", "out": "made of 1", "lib.py": "one"])

    @Test func aChangedDiscoveredInputIsAReason() throws {
        var past = Past()
        past.ran(copy, on: withLibrary, discovered: ["lib.py"])
        #expect(try decide(copy, past, withLibrary).verdict == .fresh)
        var now = withLibrary
        now.files["lib.py"] = "two"
        let changed = try decide(copy, past, now)
        #expect(changed.verdict == .run)
        #expect(changed.reasons.map(\.code) == [.inputChanged] && changed.reasons[0].subject == "lib.py")
        now.files["lib.py"] = nil
        #expect(try decide(copy, past, now).reasons.map(\.code) == [.inputRemoved])
    }

    @Test func theNewestExecutionWhoseSetHoldsIsTaken() throws {
        var past = Past()
        past.ran(copy, on: withLibrary, discovered: ["lib.py"])
        var now = withLibrary
        (now.files["lib.py"], now.files["out"]) = ("two", "made by two")
        past.ran(copy, on: now, discovered: ["lib.py"])
        past.kept["1/out"] = "made of 1"
        #expect(try decide(copy, past, now).executionID == ExecutionID(2))
        // The library goes back, and so does the output.
        now.files["lib.py"] = "one"
        let back = try decide(copy, past, now)
        #expect(back.verdict == .restored && back.executionID == ExecutionID(1))
    }

    @Test func aStageWithoutOutputsHasASetToo() throws {
        let check = stage("check", reads: ["in"], makes: [])
        var past = Past()
        past.ran(check, on: withLibrary, discovered: ["lib.py"])
        #expect(try decide(check, past, withLibrary).verdict == .fresh)
        var now = withLibrary
        now.files["lib.py"] = "two"
        #expect(try decide(check, past, now).verdict == .run)
    }

    @Test func nothingChangedIsFresh() throws {
        var past = Past()
        past.ran(copy, on: disk)
        let decision = try decide(copy, past, disk)
        #expect(decision.verdict == .fresh)
        #expect(decision.executionID == ExecutionID(1))
    }

    @Test func reasonsCompareWithTheExecutionInForce() throws {
        var past = Past()
        past.ran(copy, on: disk)
        past.ran(copy, on: Disk(files: ["in": "2", "out": "made of 2"]))
        past.inForce["copy"] = ExecutionID(1)
        let decision = try decide(copy, past, Disk(files: ["in": "1"]))
        #expect(decision.reasons.map(\.code) == [.outputMissing], "the restored execution 1 read the same input")
    }

    @Test func aRenamedStageIsComparedWithTheMakerOfItsOutputs() throws {
        var past = Past()
        past.ran(copy, on: disk)
        var renamed = stage("duplicate", reads: ["in"], makes: ["out"], params: copy.params)
        renamed.command = .shell("cp $RUNS_STAGE")
        let reasons = try decide(renamed, past, disk).reasons
        #expect(reasons.map(\.code) == [.neverRan, .commandChanged])
        #expect(reasons.first?.subject == "copy")
        #expect(try decide(renamed, past, Disk(files: ["in": "1"])).reasons == [Reason(.neverRan)])
    }

    /// A change since the recorded execution and the expected reason.
    @Test(arguments: [
        ("input content", Reason.Code.inputChanged), ("input added", .inputAdded), ("input removed", .inputRemoved),
        ("param", .paramChanged), ("command", .commandChanged), ("folder", .commandChanged), ("env", .envChanged),
        ("output missing", .outputMissing), ("output modified", .outputModified), ("output set", .outputsChanged),
        ("failed", .lastFailed), ("lost", .lastInterrupted), ("rejected", .rejected),
        ("input changed while it ran", .inputChangedDuringRun),
    ])
    func aChangeRunsItWithItsReason(_ change: String, _ code: Reason.Code) throws {
        var (then, now, diskNow) = (copy, copy, disk)
        var past = Past()
        var state = ExecutionState.succeeded
        switch change {
        case "input content": diskNow.files["in"] = "2"
        case "input added":
            diskNow.files["more"] = "m"
            now.inputs.append(Input(name: "more", path: "more"))
        case "input removed":
            then.inputs.append(Input(name: "less", path: "less"))
            diskNow.files["less"] = "l"
        case "param": now.params = [Param(name: "lr", value: .number("0.2"))]
        case "command": now.command = .shell("make faster")
        case "folder": now.workingDirectory = "sub"
        case "env": now.environment = [EnvironmentVariable(name: "MODE", value: "fast")]
        case "output missing": diskNow.files["out"] = nil
        case "output modified": diskNow.files["out"] = "tampered"
        case "output set": now.outputs = [Output(name: "other", path: "other")]
        case "failed": state = .failed
        case "lost": state = .lost
        default: break
        }
        var thenDisk = diskNow
        if change != "input removed" { thenDisk = disk }
        past.ran(
            then, on: thenDisk, state: state, inputsChanged: change == "input changed while it ran",
            rejected: change == "rejected")
        let decision = try decide(now, past, diskNow)
        #expect(decision.verdict == .run)
        #expect(decision.reasons.contains { $0.code == code }, "got \(decision.reasons)")
    }

    @Test func aReasonHasOldAndNewValues() throws {
        var past = Past()
        past.ran(copy, on: disk)
        var now = copy
        now.params = [Param(name: "lr", value: .number("0.2"))]
        #expect(try decide(now, past, disk).reasons == [Reason(.paramChanged, subject: "lr", old: "0.1", new: "0.2")])
    }

    @Test func equalNumbersAreTheSameParam() throws {
        var past = Past()
        past.ran(copy, on: disk)
        var now = copy
        now.params = [Param(name: "lr", value: .number("0.10"))]
        #expect(try decide(now, past, disk).verdict == .fresh)
    }

    @Test func anEarlierVersionIsFreshWhileItsOutputsExist() throws {
        var past = Past()
        past.ran(copy, on: disk)
        // The second version made the same bytes.
        past.ran(copy, on: Disk(files: ["in": "2", "out": "made of 1"]))
        let decision = try decide(copy, past, disk)
        #expect(decision.verdict == .fresh)
        #expect(decision.executionID == ExecutionID(1))
    }

    @Test func keptOutputsAreRestoredUnlessForbidden() throws {
        var past = Past()
        past.ran(copy, on: disk)
        let now = Disk(files: ["in": "2", "out": "made of 2"])
        past.ran(copy, on: now)
        past.kept = ["1/out": "made of 1"]
        let back = Disk(files: ["in": "1", "out": "made of 2"])
        #expect(try decide(copy, past, back).verdict == .restored)
        #expect(try decide(copy, past, back, mayRestore: false).verdict == .run)
        #expect(try decide(copy, past, back, forced: true).verdict == .run)
        past.kept = ["1/out": "tampered"]
        #expect(try decide(copy, past, back).verdict == .run)
        past.kept = [:]
        #expect(try decide(copy, past, back).verdict == .run)
    }

    @Test func anotherStagesExecutionWithTheSameKeyCounts() throws {
        var past = Past()
        past.ran(stage("renamed", reads: ["in"], makes: ["out"], params: copy.params), on: disk)
        #expect(try decide(copy, past, disk).verdict == .fresh)
    }

    @Test func withoutOutputsOnlyTheNewestExecutionCounts() throws {
        let check = stage("check", reads: ["in"], makes: [])
        var past = Past()
        past.ran(check, on: disk)
        #expect(try decide(check, past, disk).verdict == .fresh)
        past.ran(check, on: disk, state: .failed)
        #expect(try decide(check, past, disk).verdict == .run)
    }

    @Test func alwaysForcedAndFrozen() throws {
        var past = Past()
        past.ran(copy, on: disk)
        var always = copy
        always.isAlways = true
        #expect(try decide(always, past, disk).reasons == [Reason(.always)])
        #expect(try decide(copy, past, disk, forced: true).reasons == [Reason(.forced)])
        var frozen = copy
        frozen.isFrozen = true
        #expect(try decide(frozen, Past(), disk).verdict == .frozen)
        #expect(try decide(frozen, Past(), Disk(files: ["in": "1"])).verdict == .blocked)
    }

    @Test func aSecretIsNeverInTheRecord() {
        var secret = copy
        secret.environment = [EnvironmentVariable(name: "API_TOKEN", value: "hunter2")]
        secret.passedEnvironment = ["CUDA_HOME", "DB_PASSWORD"]
        let recorded = recordedEnvironment(of: secret, salt: [1, 2, 3]) {
            ["CUDA_HOME": "/cuda", "DB_PASSWORD": "swordfish"][$0]
        }
        #expect(recorded.map(\.name) == ["API_TOKEN", "CUDA_HOME", "DB_PASSWORD"])
        #expect(recorded[1].value == "/cuda")
        #expect(!recorded.contains { ($0.value ?? "").contains("hunter2") || ($0.value ?? "").contains("swordfish") })
        let otherSalt = recordedEnvironment(of: secret, salt: [4]) { _ in nil }
        #expect(otherSalt[0].value != recorded[0].value)
    }

    /// In another order than declared: looked up one by one, four times as many took sixteen times as long.
    @Test func manyOutputsTakeLinearTime() throws {
        func seconds(_ count: Int) throws -> Duration {
            let names = (0..<count).map { "o\($0)" }
            let made = stage("many", makes: names)
            var disk = Disk()
            for name in names { disk.files[name] = name }
            var past = Past()
            past.ran(stage("many", makes: names.reversed()), on: disk)
            var decision: Decision?
            let fresh = try ContinuousClock().measure { decision = try decide(made, past, disk) }
            #expect(decision?.verdict == .fresh)
            for name in names { disk.files[name] = nil }
            let missing = try ContinuousClock().measure { decision = try decide(made, past, disk) }
            #expect(decision?.reasons.count == count)
            return fresh + missing
        }
        // Other tests run beside this one: one quiet moment is enough.
        let isLinear = try (0..<5).contains { _ in try seconds(8_000) < seconds(2_000) * 10 }
        #expect(isLinear)
    }
}
