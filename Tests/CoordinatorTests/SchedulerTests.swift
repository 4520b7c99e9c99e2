// The run as a state machine, without processes: a table of events in, actions out.

import EngineAPI
import Model
import Testing

@testable import Coordinator

@Suite struct SchedulerTests {
    /// Stages 0…n with these predecessors.
    private func scheduler(
        _ predecessors: [[Int]], cpus: Int = 4, jobs: Int? = nil, keepGoing: Bool = false,
        change: (inout Stage) -> Void = { _ in }
    ) -> Scheduler {
        let stages = predecessors.indices.map { index in
            var stage = Stage(name: "s\(index)", template: "s\(index)", command: .shell("true"))
            change(&stage)
            return stage
        }
        let graph = Graph(
            pipeline: "t", stages: stages, predecessors: predecessors, producers: predecessors.map { [$0] },
            defaultTargets: [], capacity: [:])
        let capacity = Capacity(
            cpus: Quantity(cpus), memoryBytes: 1000, gpus: [Device(id: "0"), Device(id: "1")],
            counted: ["licence": .one])
        return Scheduler(
            graph: graph, open: stages.map { _ in true }, pool: ResourcePool(capacity),
            options: Scheduler.Options(jobs: jobs, keepGoing: keepGoing))
    }

    private func launched(_ actions: [SchedulerAction]) -> [Int] {
        actions.compactMap { if case .launch(let stage, _, _) = $0 { stage } else { nil } }
    }

    private func evaluateAll(_ scheduler: inout Scheduler, _ actions: [SchedulerAction], _ verdict: Verdict = .run)
        -> [SchedulerAction]
    {
        actions.flatMap { action -> [SchedulerAction] in
            if case .evaluate(let stage) = action { scheduler.handle(.evaluated(stage, verdict)) } else { [] }
        }
    }

    @Test func aChainRunsInOrder() {
        var scheduler = scheduler([[], [0], [1]])
        var actions = scheduler.start()
        for expected in 0..<3 {
            _ = evaluateAll(&scheduler, actions)
            #expect(launched(scheduler.admit()) == [expected])
            #expect(!scheduler.isFinished)
            actions = scheduler.handle(.ended(expected, .succeeded))
        }
        #expect(scheduler.isFinished)
        #expect(scheduler.remaining.isEmpty)
    }

    @Test func aRepeatedStageIsJudgedAgainBeforeWhatNeedsIt() {
        var scheduler = scheduler([[], [0]], cpus: 1) { $0.retries.max = 1 }
        var actions = scheduler.start()
        for repetition in 1...3 {
            _ = evaluateAll(&scheduler, actions)
            let launches = scheduler.admit()
            #expect(launches.contains { if case .launch(0, attempt: 1, _) = $0 { true } else { false } }, "\(launches)")
            actions = scheduler.handle(repetition == 3 ? .ended(0, .succeeded) : .repeats(0))
            #expect(actions == [.evaluate(repetition == 3 ? 1 : 0)])
        }
        #expect(!scheduler.isFinished)
    }

    @Test func nothingIsRepeatedOnceTheRunStops() {
        var scheduler = scheduler([[], []])
        _ = evaluateAll(&scheduler, scheduler.start())
        #expect(launched(scheduler.admit()) == [0, 1])
        _ = scheduler.handle(.ended(1, .failed))
        _ = evaluateAll(&scheduler, scheduler.handle(.repeats(0)))
        #expect(scheduler.admit().isEmpty && scheduler.isFinished)
    }

    @Test(arguments: [(4, nil, 3), (2, nil, 2), (4, 1, 1)] as [(Int, Int?, Int)])
    func atMostWhatFits(_ cpus: Int, _ jobs: Int?, _ expected: Int) {
        var scheduler = scheduler([[], [], []], cpus: cpus, jobs: jobs)
        _ = evaluateAll(&scheduler, scheduler.start())
        #expect(launched(scheduler.admit()).count == expected)
        _ = scheduler.handle(.ended(0, .succeeded))
        #expect(launched(scheduler.admit()).count == min(1, 3 - expected))
    }

    @Test func aSmallStagePassesABigOneThatWaits() {
        var scheduler = scheduler([[], [], []], cpus: 2) { stage in
            stage.resources.cpus = stage.name == "s1" ? Quantity(2) : .one
        }
        _ = evaluateAll(&scheduler, scheduler.start())
        #expect(launched(scheduler.admit()) == [0, 2])
        _ = scheduler.handle(.ended(0, .succeeded))
        #expect(launched(scheduler.admit()) == [])
        _ = scheduler.handle(.ended(2, .succeeded))
        #expect(launched(scheduler.admit()) == [1])
    }

    @Test func aFreshStageIsPassedWithoutALaunch() {
        var scheduler = scheduler([[], [0]])
        let next = evaluateAll(&scheduler, scheduler.start(), .fresh)
        #expect(next == [.evaluate(1)])
    }

    @Test func aFailureBlocksAllThatNeedIt() {
        var scheduler = scheduler([[], [0], [1], []], keepGoing: true)
        _ = evaluateAll(&scheduler, scheduler.start())
        #expect(launched(scheduler.admit()) == [0, 3])
        #expect(scheduler.handle(.ended(0, .failed)) == [.block(1, by: 0), .block(2, by: 0)])
        #expect(!scheduler.isFinished)
        _ = scheduler.handle(.ended(3, .succeeded))
        #expect(scheduler.isFinished)
    }

    @Test(arguments: [false, true])
    func afterAFailureNewStagesStartOnlyWithKeepGoing(_ keepGoing: Bool) {
        var scheduler = scheduler([[], [], []], jobs: 1, keepGoing: keepGoing)
        _ = evaluateAll(&scheduler, scheduler.start())
        #expect(launched(scheduler.admit()) == [0])
        _ = scheduler.handle(.ended(0, .failed))
        #expect(launched(scheduler.admit()) == (keepGoing ? [1] : []))
        #expect(scheduler.isFinished == !keepGoing)
        #expect(scheduler.remaining == (keepGoing ? [2] : [1, 2]))
    }

    /// State, attempts allowed, and whether the first end so is tried again.
    @Test(arguments: [
        (ExecutionState.failed, 1, true), (.failed, 0, false), (.timedOut, 1, true), (.outOfMemory, 1, true),
        (.interrupted, 1, false), (.stopped, 1, false),
    ])
    func retriesByCause(_ state: ExecutionState, _ max: Int, _ isRetried: Bool) {
        var scheduler = scheduler([[]]) { $0.retries = RetryPolicy(max: max, delaySeconds: 3) }
        _ = evaluateAll(&scheduler, scheduler.start())
        _ = scheduler.admit()
        let actions = scheduler.handle(.ended(0, state))
        #expect(actions == (isRetried ? [.wait(0, nextAttempt: 2, seconds: 3)] : []))
    }

    @Test func theDelayDoublesAndMemoryGrowsToWhatThereIs() {
        var scheduler = scheduler([[]]) {
            $0.retries = RetryPolicy(max: 3, delaySeconds: 1, memoryFactor: 2)
            $0.resources.memoryBytes = 300
        }
        var actions = scheduler.start()
        for (attempt, (delay, bytes)) in zip(1..., [(1.0, Int64(300)), (2.0, 600), (4.0, 1000)]) {
            _ = evaluateAll(&scheduler, actions)
            guard case .launch(0, attempt, let lease)? = scheduler.admit().first else {
                Issue.record("attempt \(attempt) was not launched")
                return
            }
            #expect(lease.request.memoryBytes == bytes)
            #expect(scheduler.handle(.ended(0, .outOfMemory)) == [.wait(0, nextAttempt: attempt + 1, seconds: delay)])
            actions = scheduler.handle(.due(0))
        }
    }

    @Test func anInterruptStartsNothingMoreAndEndsWhenAllHasEnded() {
        var scheduler = scheduler([[], [], [0]], jobs: 1)
        _ = evaluateAll(&scheduler, scheduler.start())
        _ = scheduler.admit()
        #expect(scheduler.handle(.interrupted(force: false)) == [.stopAll(force: false)])
        #expect(!scheduler.isFinished)
        #expect(scheduler.handle(.interrupted(force: true)) == [.stopAll(force: true)])
        _ = scheduler.handle(.ended(0, .interrupted))
        #expect(scheduler.admit() == [])
        #expect(scheduler.isFinished)
    }

    @Test func aHeldStageGivesBackWhatItTookAndIsJudgedAgain() {
        var scheduler = scheduler([[], []], jobs: 1)
        _ = evaluateAll(&scheduler, scheduler.start())
        #expect(launched(scheduler.admit()) == [0])
        #expect(scheduler.handle(.held(0)) == [])
        #expect(launched(scheduler.admit()) == [1])
        #expect(scheduler.handle(.due(0)) == [.evaluate(0)])
        _ = scheduler.handle(.evaluated(0, .fresh))
        _ = scheduler.handle(.ended(1, .succeeded))
        #expect(scheduler.isFinished)
    }

    @Test func aStageThatCannotBePutBackRunsAsItsFirstAttempt() {
        var scheduler = scheduler([[]])
        _ = evaluateAll(&scheduler, scheduler.start(), .restored)
        let again = scheduler.handle(.outdated(0))
        #expect(again == [.evaluate(0)])
        _ = evaluateAll(&scheduler, again)
        guard case .launch(0, attempt: 1, _)? = scheduler.admit().first else {
            Issue.record("the first attempt was not launched")
            return
        }
    }

    @Test func hugeRetryCountsDoNotOverflow() {
        var scheduler = scheduler([[]]) {
            $0.retries = RetryPolicy(max: 100, delaySeconds: 1, memoryFactor: 1e9); $0.resources.memoryBytes = 10
        }
        var actions = scheduler.start()
        for _ in 0..<70 {
            _ = evaluateAll(&scheduler, actions)
            #expect(launched(scheduler.admit()) == [0])
            _ = scheduler.handle(.ended(0, .failed))
            actions = scheduler.handle(.due(0))
        }
    }
}
