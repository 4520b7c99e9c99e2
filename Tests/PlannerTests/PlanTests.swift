// Plans of several stages: what is decided before anything runs, and what is not.

import Model
import Planner
import Testing

@Suite struct PlanTests {
    private let first = stage("first", reads: ["source"], makes: ["middle"])
    private let second = stage("second", reads: ["middle"], makes: ["end"])
    private let disk = Disk(files: ["source": "s", "middle": "m", "end": "e"])

    private func ranBoth() -> Past {
        var past = Past()
        past.ran(first, on: disk)
        past.ran(second, on: disk)
        return past
    }

    private func planned(_ stages: [Stage], _ past: Past, _ disk: Disk, forced: Set<Int> = []) throws -> Plan {
        let graph = graph(stages)
        return try plan(
            graph, makers: MakerIndex(graph),
            selection: Selection(
                isSelected: stages.map { _ in true }, isForced: stages.indices.map { forced.contains($0) }),
            rule: StalenessRule(history: past, mayRestore: true), files: disk, history: past,
            environment: { $0.environment })
    }

    @Test func allFresh() throws {
        #expect(try planned([first, second], ranBoth(), disk).decisions.map(\.verdict) == [.fresh, .fresh])
    }

    @Test func dependentsOfAChangedStageMayRun() throws {
        var changed = disk
        changed.files["source"] = "other"
        let plan = try planned([first, second], ranBoth(), changed)
        #expect(plan.decisions.map(\.verdict) == [.run, .mayRun])
        #expect(plan.decisions[1].reasons == [Reason(.upstreamMayChange, subject: "first")])
    }

    @Test func aDependentThatCannotBeFreshWillRun() throws {
        var changed = disk
        changed.files["source"] = "other"
        changed.files["end"] = nil
        #expect(try planned([first, second], ranBoth(), changed).decisions.map(\.verdict) == [.run, .run])
        var slower = second
        slower.command = .shell("make slower")
        changed.files["end"] = "e"
        #expect(try planned([first, slower], ranBoth(), changed).decisions.map(\.verdict) == [.run, .run])
    }

    @Test func aDependentWithAnUndecidedPatternMayRun() throws {
        let glob = stage("second", reads: ["mid*"], makes: ["end"])
        var past = Past()
        past.ran(first, on: disk)
        past.ran(glob, on: disk)
        var changed = disk
        changed.files["source"] = "other"
        #expect(try planned([first, glob], past, changed).decisions.map(\.verdict) == [.run, .mayRun])
    }

    @Test func aRestoredStageLetsItsDependentsBeDecided() throws {
        var past = ranBoth()
        let other = Disk(files: ["source": "other", "middle": "m2", "end": "e2"])
        past.ran(first, on: other)
        past.ran(second, on: other)
        past.kept = ["1/middle": "m", "2/end": "e"]
        let back = Disk(files: ["source": "s", "middle": "m2", "end": "e2"])
        #expect(try planned([first, second], past, back).decisions.map(\.verdict) == [.restored, .restored])
    }

    @Test func aMissingSourceIsReportedForAStageThatWouldRun() throws {
        var without = disk
        without.files["source"] = nil
        let plan = try planned([first, second], ranBoth(), without)
        #expect(plan.decisions[0].verdict == .run)
        #expect(plan.missingInputs == [0: [MissingInput(path: "source")]])
    }

    @Test func aMissingFrozenOutputBlocksWhatNeedsIt() throws {
        var frozen = first
        frozen.isFrozen = true
        let plan = try planned([frozen, second], Past(), Disk(files: [:]))
        #expect(plan.decisions.map(\.verdict) == [.blocked, .blocked])
        #expect(plan.decisions[1].reasons == [Reason(.blocked, subject: "first")])
    }

    // MARK: - Discovered inputs

    /// `user` has read what `maker` makes, without naming it.
    private func plannedWithDiscovery(isOrdered: Bool, sourceChanges: Bool) throws -> Decision {
        let maker = stage("maker", reads: ["source"], makes: ["gen.py"])
        let user = stage("user", reads: ["other"], makes: ["end"])
        var disk = Disk(files: ["source": "s", "gen.py": "g", "other": "o", "end": "e"])
        var past = Past()
        past.ran(maker, on: disk)
        past.ran(user, on: disk, discovered: ["gen.py"])
        if sourceChanges { disk.files["source"] = "changed" }
        let graph = Graph(
            pipeline: "test", stages: [maker, user], predecessors: [[], isOrdered ? [0] : []],
            producers: [[[]], [[]]], defaultTargets: [0, 1], capacity: [:])
        return try plan(
            graph, makers: MakerIndex(graph),
            selection: Selection(isSelected: [true, true], isForced: [false, false]),
            rule: StalenessRule(history: past, mayRestore: true), files: disk, history: past,
            environment: { $0.environment }
        ).decisions[1]
    }

    @Test func whatAnUndecidedStageMakesMayChange() throws {
        #expect(try plannedWithDiscovery(isOrdered: true, sourceChanges: false).verdict == .fresh)
        let undecided = try plannedWithDiscovery(isOrdered: true, sourceChanges: true)
        #expect(undecided.verdict == .mayRun && undecided.reasons == [Reason(.upstreamMayChange, subject: "maker")])
    }

    @Test func whatIsReadOutOfOrderNeverCountsAsFresh() throws {
        let decision = try plannedWithDiscovery(isOrdered: false, sourceChanges: false)
        #expect(decision.verdict == .run)
        #expect(decision.reasons == [Reason(.inputUnordered, subject: "gen.py", new: "maker")])
    }

    @Test func unselectedStagesAreNotEvaluated() throws {
        let past = Past()
        let graph = graph([first, second])
        let plan = try Planner.plan(
            graph, makers: MakerIndex(graph),
            selection: Selection(isSelected: [true, false], isForced: [false, false]),
            rule: StalenessRule(history: past, mayRestore: true), files: disk, history: past,
            environment: { $0.environment })
        #expect(plan.decisions.map(\.verdict) == [.run, .notSelected])
    }
}
