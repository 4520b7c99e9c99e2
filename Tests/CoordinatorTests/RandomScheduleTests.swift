// Random pipelines on random clusters, with coordinators that are hung up, interrupted and killed at random. Whatever
// happens: nothing is started twice, nothing is forgotten, and every row ends in a final state.

import EngineAPI
import Glibc
import Model
import TestSupport
import Testing

@testable import Coordinator

@Suite(.blocking) struct RandomScheduleTests {
    private static let count = isLongTest ? 2000 : 60

    @Test(arguments: testSeeds(count: count)) func nothingIsStartedTwiceAndNothingIsForgotten(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let stages = Self.stages(&random)
        let outlives = random.oneIn(2)
        let queues = random.oneIn(2)
        let most = Int.random(in: 1...4, using: &random)
        let pool = Capacity(cpus: Quantity(most), memoryBytes: 1000, gpus: [], counted: [:])
        let planSeed = random.next()
        let hasFailures = random.oneIn(2)
        let scenario = try Scenario(
            stages, admission: queues ? .inFlight(most, counted: [:]) : .pool(pool), outlivesCoordinator: outlives
        ) { stage, attempt in Self.plan(stage, attempt, seed: planSeed, hasFailures: hasFailures) }
        scenario.keepGoing = random.oneIn(2)

        var coordinators = 0
        var last: RunOutcome?
        repeat {
            coordinators += 1
            var crash: Crash?
            var signals: [(after: Double, signal: Int32)] = []
            // From the eighth on they are left alone.
            if coordinators < 8 {
                if random.oneIn(3) {
                    crash = Crash(commit: Int.random(in: 1...30, using: &random), isCommitted: random.oneIn(2))
                }
                for _ in 0..<Int.random(in: 0...2, using: &random) {
                    let signal = random.pick([SIGINT, SIGTERM, SIGHUP]) ?? SIGINT
                    signals.append((Double.random(in: 0...30, using: &random), signal))
                }
                signals.sort { $0.after < $1.after }
            }
            var running = 0
            last = try scenario.coordinate(
                crash: crash, signals: signals, backgroundWaits: Int.random(in: 0...3, using: &random)
            ) { _ in running = max(running, scenario.cluster.jobs.count { $0.state != .ended }) }
            #expect(running <= most, "seed \(seed), coordinator \(coordinators)")
            if let last, last.finished.status != .running {
                scenario.checkInvariants("seed \(seed), coordinator \(coordinators)")
            }
        } while last == nil || last?.signal != nil || last?.finished.status == .running

        let story = Comment(rawValue: "seed \(seed)")
        for stage in scenario.graph.stages {
            let successes = scenario.states(of: stage.name).count { $0 == .succeeded }
            // Its inputs never change, so that it is never to be done again.
            #expect(successes <= 1, story)
            if !hasFailures { #expect(successes == 1, story) }
        }
        #expect(last?.finished.status == .succeeded || hasFailures, story)
        // Each job belongs to the one execution that it was submitted for.
        let tokens = scenario.database.rows.executions.values.map(\.start.token)
        #expect(Set(tokens).count == tokens.count, story)
        #expect(scenario.cluster.jobs.allSatisfy { tokens.contains($0.token) }, story)
    }

    private static func stages(_ random: inout SeededGenerator) -> [ScenarioStage] {
        var stages: [ScenarioStage] = []
        for index in 0..<Int.random(in: 1...8, using: &random) {
            let before = (0..<index).filter { _ in random.oneIn(3) }
            let retries = random.oneIn(3) ? 2 : 0
            stages.append(
                ScenarioStage(name: "s\(index)", after: before) { stage in
                    stage.retries = RetryPolicy(max: retries, delaySeconds: 2)
                })
        }
        return stages
    }

    /// The same for the same attempt at a stage, whatever else happens.
    private static func plan(_ stage: String, _ attempt: Int, seed: UInt64, hasFailures: Bool) -> JobPlan {
        var random = SeededGenerator(seed: stage.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) } &+ UInt64(attempt))
        var plan = JobPlan(
            queuedSeconds: Double.random(in: 0...5, using: &random),
            runSeconds: Double.random(in: 0...8, using: &random))
        // Lost at most twice in a row: three times and more is a failure.
        if attempt <= 2, random.oneIn(8) { plan.end = .lost }
        guard hasFailures, random.oneIn(4) else { return plan }
        plan.end = random.pick([.exit(1), .rejected, .stopped(.timeout), .stopped(.memoryLimit)]) ?? .exit(1)
        return plan
    }
}
