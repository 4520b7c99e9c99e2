// The loop of a run without processes: what it submits and records for what an engine reports.

import EngineAPI
import Glibc
import Model
import TestSupport
import Testing

@testable import Coordinator

@Suite(.blocking) struct RunLoopTests {
    private static let chain = [
        ScenarioStage(name: "a"), ScenarioStage(name: "b", after: [0]), ScenarioStage(name: "c", after: [1]),
    ]

    @Test(arguments: [true, false]) func aChainRunsOnceAndIsFreshThen(queues: Bool) throws {
        let pool = Capacity(cpus: Quantity(4), memoryBytes: 1000, gpus: [], counted: [:])
        let scenario = try Scenario(Self.chain, admission: queues ? .inFlight(9, counted: [:]) : .pool(pool)) { _, _ in
            JobPlan(queuedSeconds: 5)
        }
        for _ in 0..<2 {
            let outcome = try #require(try scenario.coordinate())
            #expect(outcome.finished.status == .succeeded && outcome.signal == nil)
        }
        for stage in ["a", "b", "c"] { #expect(scenario.states(of: stage) == [.succeeded]) }
        #expect(scenario.cluster.jobs.map(\.stage) == ["a", "b", "c"])
        scenario.checkInvariants("a chain")
    }

    @Test func whatQueuesIsQueuedUntilItsEngineHasStartedIt() throws {
        let scenario = try Scenario([ScenarioStage(name: "a")]) { _, _ in JobPlan(queuedSeconds: 100, runSeconds: 50) }
        var seen: [ExecutionState] = []
        try scenario.coordinate { _ in
            if let state = scenario.states(of: "a").last, seen.last != state { seen.append(state) }
        }
        #expect(seen == [.queued, .running])
        let row = try #require(scenario.database.rows.executions(ofStage: "a").first)
        #expect(row.state == .succeeded && row.job == "job-1" && row.host == "node1")
    }

    @Test func noMoreThanTheEngineTakesAreSubmitted() throws {
        let stages = (0..<7).map { ScenarioStage(name: "s\($0)") }
        let scenario = try Scenario(stages, admission: .inFlight(2, counted: [:])) { _, _ in JobPlan() }
        var most = 0
        try scenario.coordinate { _ in most = max(most, scenario.cluster.jobs.count { $0.state != .ended }) }
        #expect(most == 2)
        scenario.checkInvariants("two in flight")
    }

    @Test func failuresAreRetriedAfterADelayThatDoubles() throws {
        let stage = ScenarioStage(name: "a") { $0.retries = RetryPolicy(max: 3, delaySeconds: 10) }
        let scenario = try Scenario([stage]) { _, attempt in JobPlan(end: .exit(attempt < 4 ? 1 : 0)) }
        let outcome = try #require(try scenario.coordinate())
        #expect(outcome.finished.status == .succeeded && outcome.finished.counts.executed == 1)
        #expect(scenario.states(of: "a") == [.failed, .failed, .failed, .succeeded])
        let starts = scenario.jobs(of: "a").map(\.submittedAt)
        let waits = zip(starts, starts.dropFirst()).map { Int($1.seconds(since: $0).rounded()) }
        #expect(waits == [11, 21, 41])
    }

    @Test func aFailureStopsTheRunAndBlocksWhatNeedsIt() throws {
        let stages = Self.chain + [ScenarioStage(name: "other", after: []), ScenarioStage(name: "late", after: [3])]
        for keepGoing in [false, true] {
            let scenario = try Scenario(stages) { stage, _ in
                JobPlan(runSeconds: stage == "a" ? 1 : 10, end: .exit(stage == "a" ? 1 : 0))
            }
            scenario.keepGoing = keepGoing
            let outcome = try #require(try scenario.coordinate())
            #expect(outcome.finished.status == .failed && outcome.finished.failedStages == ["a"])
            #expect(outcome.finished.counts.blocked == 2)
            #expect(scenario.states(of: "b").isEmpty && scenario.states(of: "other") == [.succeeded])
            #expect(scenario.states(of: "late") == (keepGoing ? [.succeeded] : []))
            scenario.checkInvariants("keep going: \(keepGoing)")
        }
    }

    @Test func aRefusedSubmissionIsAFailureWithTheReason() throws {
        let stage = ScenarioStage(name: "a") { $0.retries.max = 1 }
        let scenario = try Scenario([stage]) { _, attempt in JobPlan(end: attempt == 1 ? .rejected : .exit(0)) }
        #expect(try #require(try scenario.coordinate()).finished.status == .succeeded)
        #expect(scenario.states(of: "a") == [.failed, .succeeded])
        #expect(scenario.database.rows.executions(ofStage: "a").first?.error == "the request cannot be met")
    }

    @Test func aTimeoutStartsWithTheCommandAndIsTheEngines() throws {
        // Longer in the queue than the timeout.
        for (seconds, states) in [(59.0, [ExecutionState.succeeded]), (61, [.timedOut])] {
            let stage = ScenarioStage(name: "a") { $0.timeoutSeconds = 60 }
            let scenario = try Scenario([stage]) { _, _ in JobPlan(queuedSeconds: 1000, runSeconds: seconds) }
            try scenario.coordinate()
            #expect(scenario.states(of: "a") == states, "\(seconds) s")
            #expect(scenario.jobs(of: "a").allSatisfy { $0.killAt == nil })
        }
    }

    @Test func theMemoryLimitIsTheEnginesAndGrowsWithEachAttempt() throws {
        let stage = ScenarioStage(name: "a") { stage in
            stage.resources.memoryBytes = 100
            stage.retries = RetryPolicy(max: 3, memoryFactor: 2)
        }
        // The second attempt is lost: it counts neither as an attempt nor for the growth.
        let scenario = try Scenario([stage]) { _, attempt in
            JobPlan(memoryBytes: 350, end: attempt == 2 ? .lost : .exit(0))
        }
        try scenario.coordinate()
        #expect(scenario.states(of: "a") == [.outOfMemory, .outOfMemory, .succeeded])
        let lost = try Scenario([stage]) { _, attempt in JobPlan(memoryBytes: 150, end: attempt == 1 ? .lost : .exit(0))
        }
        try lost.coordinate()
        #expect(lost.states(of: "a") == [.outOfMemory, .succeeded])
    }

    // MARK: - Engines that fail

    @Test func whatIsLostIsExecutedAgainAndUsesUpNoAttempt() throws {
        let scenario = try Scenario(Self.chain) { stage, attempt in
            JobPlan(end: stage == "b" && attempt <= 3 ? .lost : .exit(0))
        }
        let outcome = try #require(try scenario.coordinate())
        #expect(outcome.finished.status == .succeeded)
        #expect(scenario.states(of: "b") == [.lost, .lost, .lost, .succeeded])
        scenario.checkInvariants("lost three times")
    }

    @Test func aStageThatIsLostAgainAndAgainFails() throws {
        let scenario = try Scenario(Self.chain) { stage, _ in JobPlan(end: stage == "b" ? .lost : .exit(0)) }
        let outcome = try #require(try scenario.coordinate())
        #expect(outcome.finished.status == .failed && outcome.finished.failedStages == ["b"])
        #expect(scenario.states(of: "b") == [.lost, .lost, .lost, .lost] && scenario.states(of: "c").isEmpty)
        scenario.checkInvariants("lost four times")
    }

    @Test func anEngineThatDoesNotAnswerDecidesNothing() throws {
        let scenario = try Scenario(Self.chain) { _, _ in JobPlan(runSeconds: 100) }
        let outcome = try scenario.coordinate { wait in
            // Five times in a row, then it answers, and then once more.
            let silent = [5, 6, 7, 8, 9].contains(wait) || scenario.jobs(of: "c").count == 1 && wait % 50 == 0
            if silent { scenario.cluster.state.withLock { $0.put(.unavailable("the controller does not answer")) } }
            if wait == 10 { scenario.cluster.state.withLock { $0.put(.available) } }
        }
        #expect(try #require(outcome).finished.status == .succeeded)
        let warnings = scenario.events.filter { if case .warning = $0 { true } else { false } }
        #expect(warnings.count == 2)
        scenario.checkInvariants("silence")
    }

    @Test func anEngineThatFailsEndsTheRun() throws {
        let scenario = try Scenario([
            ScenarioStage(name: "a"), ScenarioStage(name: "b"), ScenarioStage(name: "c", after: [0]),
        ]) { _, _ in JobPlan(runSeconds: 100) }
        var hasFailed = false
        let outcome = try scenario.coordinate { _ in
            guard !hasFailed, scenario.cluster.jobs.count(where: { $0.state == .running }) == 2 else { return }
            hasFailed = true
            scenario.cluster.kill()
            scenario.cluster.state.withLock { state in
                state.put(.failed("the engine is gone"))
                for token in state.order {
                    state.put(.lost(state.jobs[token]!.execution, reason: "the engine is gone"))
                }
            }
        }
        #expect(try #require(outcome).finished.status == .failed)
        #expect(scenario.states(of: "a") == [.lost] && scenario.states(of: "b") == [.lost])
        #expect(scenario.states(of: "c").isEmpty)
    }

    // MARK: - Signals

    /// Waits of the loop around everything that happens in a run of this scenario, and how long digesting takes.
    static let waits = 1...44
    static let backgroundWaits = [0, 2]

    private static func busy(outlives: Bool) throws -> Scenario {
        let stages =
            chain + [
                ScenarioStage(name: "d", after: [0]), ScenarioStage(name: "e"),
                ScenarioStage(name: "f", after: [2, 3, 4]),
            ]
        return try Scenario(stages, admission: .inFlight(2, counted: [:]), outlivesCoordinator: outlives) { stage, _ in
            JobPlan(queuedSeconds: stage == "d" ? 3 : 1, runSeconds: stage == "e" ? 7 : 2)
        }
    }

    @Test(arguments: waits, backgroundWaits) func anInterruptionLeavesNothingRunning(wait: Int, background: Int) throws
    {
        let scenario = try Self.busy(outlives: true)
        let outcome = try #require(
            try scenario.coordinate(signalBeforeWait: (wait * 5, SIGINT), backgroundWaits: background))
        if outcome.signal != nil { #expect(outcome.signal == SIGINT && outcome.finished.status == .interrupted) }
        scenario.checkInvariants("INT before wait \(wait * 5)")
        // What was done stays done, and the rest is done then.
        #expect(try #require(try scenario.coordinate()).finished.status == .succeeded)
        for stage in scenario.graph.stages.map(\.name) {
            #expect(scenario.states(of: stage).count { $0 == .succeeded } == 1, "\(stage)")
        }
        scenario.checkInvariants("again after INT before wait \(wait * 5)")
    }

    @Test func aSecondSignalDoesNotWaitForTheGracePeriod() throws {
        let scenario = try Scenario([ScenarioStage(name: "a")]) { _, _ in JobPlan(runSeconds: 1000) }
        let outcome = try #require(try scenario.coordinate(signals: [(5, SIGTERM), (5.1, SIGINT)]))
        #expect(outcome.signal == SIGTERM && scenario.states(of: "a") == [.interrupted])
        let job = try #require(scenario.jobs(of: "a").first)
        let started = try #require(job.startedAt)
        #expect(try #require(job.killAt).seconds(since: started) < 5.3)
    }

    @Test(arguments: waits, backgroundWaits)
    func afterAHangUpTheNextCoordinatorTakesOver(wait: Int, background: Int) throws {
        let scenario = try Self.busy(outlives: true)
        let outcome = try #require(
            try scenario.coordinate(signalBeforeWait: (wait * 5, SIGHUP), backgroundWaits: background))
        if outcome.signal == nil { return #expect(outcome.finished.status == .succeeded) }
        #expect(outcome.finished.status == .running)
        #expect(scenario.cluster.jobs.allSatisfy { $0.killAt == nil } && scenario.cluster.killed.isEmpty)
        var most = 0
        let next = try scenario.coordinate { _ in
            most = max(most, scenario.cluster.jobs.count { $0.state != .ended })
        }
        #expect(try #require(next).finished.status == .succeeded)
        #expect(scenario.cluster.jobs.count == 6, "each stage is submitted once")
        #expect(most <= 2, "adopted executions count")
        scenario.checkInvariants("HUP before wait \(wait * 5)")
    }

    @Test func aHangUpEndsWhatCannotOutliveTheCoordinator() throws {
        let scenario = try Self.busy(outlives: false)
        let outcome = try #require(try scenario.coordinate(signals: [(2, SIGHUP)]))
        #expect(outcome.signal == SIGHUP && outcome.finished.status == .interrupted)
        scenario.checkInvariants("HUP")
    }

    // MARK: - Coordinators that end

    /// More commits than such a run has.
    @Test(arguments: 1...40, [true, false]) func aCoordinatorThatEndsAtACommitLosesNothing(
        commit: Int, isCommitted: Bool
    ) throws {
        for outlives in [true, false] {
            let scenario = try Self.busy(outlives: outlives)
            let first = try scenario.coordinate(crash: Crash(commit: commit, isCommitted: isCommitted))
            if commit == 40 { #expect(first != nil, "40 commits do not cover the run") }
            if first == nil { #expect(try #require(try scenario.coordinate()).finished.status == .succeeded) }
            let story = "ended at commit \(commit) (\(isCommitted ? "after" : "before") it), outlives: \(outlives)"
            scenario.checkInvariants(story)
            for stage in scenario.graph.stages.map(\.name) {
                #expect(scenario.states(of: stage).count { $0 == .succeeded } == 1, "\(stage): \(story)")
                if outlives { #expect(scenario.jobs(of: stage).count == 1, "\(stage): \(story)") }
            }
        }
    }

    @Test func whoWasTakenOverWritesNothingMore() throws {
        let scenario = try Self.busy(outlives: true)
        var rows: FakeDatabase.Rows?
        let outcome = try scenario.coordinate { wait in
            guard rows == nil, scenario.states(of: "b") == [.running] else { return }
            try? FakeStore(scenario.database).markLost(run: RunID(1), at: Timestamp(microseconds: 0))
            rows = scenario.database.rows
        }
        #expect(outcome == nil)
        let after = scenario.database.rows
        let before = try #require(rows)
        #expect(after.executions.mapValues(\.state) == before.executions.mapValues(\.state))
        #expect(after.runs.mapValues(\.status) == before.runs.mapValues(\.status))
    }

    @Test func executionsOfStagesThatAreGoneAreCancelled() throws {
        let stages = Self.chain + [ScenarioStage(name: "gone")]
        let scenario = try Scenario(stages) { _, _ in JobPlan(runSeconds: 1000) }
        try scenario.coordinate(signals: [(10, SIGHUP)])
        try scenario.remove(stage: "gone")
        #expect(try #require(try scenario.coordinate()).finished.status == .succeeded)
        #expect(scenario.states(of: "gone") == [.interrupted] && scenario.states(of: "a") == [.succeeded])
        #expect(scenario.cluster.jobs.count == 4)
        scenario.checkInvariants("a stage is gone")
    }

    @Test func pointsThatTheFirstCoordinatorReadCountOnce() throws {
        let scenario = try Scenario([ScenarioStage(name: "a")]) { _, _ in JobPlan(runSeconds: 60) }
        var isWritten = false
        try scenario.coordinate(signals: [(30, SIGHUP)]) { _ in
            guard !isWritten, scenario.states(of: "a") == [.running] else { return }
            isWritten = true
            scenario.write("{\"step\": 1, \"loss\": 0.5}\n", to: ".runs/tmp/1/metrics-1.jsonl")
        }
        #expect(scenario.database.rows.executions(ofStage: "a").first?.metrics.count == 1)
        scenario.write(
            "{\"step\": 1, \"loss\": 0.5}\n{\"step\": 2, \"loss\": 0.4}\n", to: ".runs/tmp/1/metrics-1.jsonl")
        try scenario.coordinate()
        #expect(scenario.database.rows.executions(ofStage: "a").first?.metrics.map(\.step) == [1, 2])
    }
}
