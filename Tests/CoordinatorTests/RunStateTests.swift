// The values that a run owns, each by itself.

import EngineAPI
import Glibc
import Model
import Testing

@testable import Coordinator

@Suite struct RunStateTests {
    private let start = Timestamp(microseconds: 0)

    static let signals: [(first: Int32, canDetach: Bool, isForced: Bool, isDetachment: Bool)] = [
        (SIGINT, true, false, false), (SIGTERM, false, false, false), (SIGQUIT, true, true, false),
        (SIGHUP, false, false, false), (SIGHUP, true, false, true),
    ]

    @Test(arguments: signals)
    func signalsAskForDifferentEnds(first: Int32, canDetach: Bool, isForced: Bool, isDetachment: Bool) {
        var interruption = Interruption()
        let isFirstForced = interruption.receive(first, at: start, graceSeconds: 10, canDetach: canDetach)
        #expect(isFirstForced == isForced)
        #expect(interruption.isDetachment == isDetachment && interruption.signal == first)
        #expect(interruption.stopReadingAt == start.adding(seconds: isForced ? 0 : 10))
        // A second one is for an end at once, whatever it is; the first stays the cause.
        let isSecondForced = interruption.receive(SIGHUP, at: start, graceSeconds: 10, canDetach: canDetach)
        #expect(isSecondForced)
        #expect(interruption.signal == first && interruption.stopReadingAt == start && !interruption.isDetachment)
    }

    @Test func repetitionsAreCountedForForcedStages() {
        var repetitions = Repetitions(count: 3, isForced: [true, false])
        #expect(repetitions.next(of: 0) == Repetition(number: 1, of: 3) && repetitions.next(of: 1) == nil)
        repetitions.started(ExecutionID(7))
        repetitions.succeeded(Repetition(number: 1, of: 3), of: 0)
        #expect(repetitions.next(of: 0)?.number == 2)
        #expect(repetitions.contains(ExecutionID(7)) && !repetitions.contains(ExecutionID(8)))
        #expect(Repetitions(count: nil, isForced: [true]).next(of: 0) == nil)
    }

    /// Devices of which another run holds a share.
    private final class Shared: SharedDevices {
        let amounts: [Quantity]
        init(_ amounts: [Quantity]) { self.amounts = amounts }
        func taken() -> [Quantity] { amounts }
        func take(_ devices: [Device], share: Quantity) -> DeviceClaim { .heldElsewhere }
    }

    @Test func devicesOfOtherRunsAreLookedAtWhileSomethingWaitsForThem() {
        var waits = DeviceWaits()
        let unshared = (waits.look(), waits.haveChanged(at: start))
        #expect(unshared.0 == nil && !unshared.1)
        waits.shared = Shared([.one])
        let taken = waits.look()
        #expect(taken == [.one])
        let waiting = waits.newlyWaiting(([4, 2], ["GPU-a"]), at: start)
        #expect(waiting.map(\.index) == [4, 2] && waiting[0].reason.contains("GPU-a"))
        let again = waits.newlyWaiting(([2], ["GPU-a"]), at: start)
        #expect(again.isEmpty, "each is reported once")
        let (early, unchanged) = (waits.haveChanged(at: start), waits.haveChanged(at: start.adding(seconds: 0.5)))
        #expect(!early && !unchanged)
        waits.shared = Shared([.zero])
        let isFreed = waits.haveChanged(at: start.adding(seconds: 1))
        #expect(isFreed)
        let none = waits.newlyWaiting(([], []), at: start)
        #expect(none.isEmpty && waits.nextLook == nil)
        let (first, second) = (waits.isFirstUnavailable(), waits.isFirstUnavailable())
        #expect(first && !second)
    }

    @Test func theSameProblemOfOneTemplateIsOneLine() {
        func stage(_ name: String) -> Stage { Stage(name: name, template: "t", command: .shell("true")) }
        var obstacles = Obstacles()
        for value in 1...3 { obstacles.add(stage("t@x=\(value)"), .resource("cpus"), "requests 9 cpus") }
        obstacles.add(stage("t@x=2"), .resource("gpus"), "requests 1 gpus")
        for value in 1...13 { obstacles.add(stage("t@x=\(value)"), .missingInput(0), "input '\(value)' is missing") }
        obstacles.add(stage("t@x=1"), .missingInput(1), "input 'y' is missing")
        obstacles.add(stage("t@x=2"), .missingInput(1), "input 'y' is missing")
        let named = (2...11).map { "'t@x=\($0)'" }.joined(separator: ", ")
        #expect(
            obstacles.sentences == [
                "3 stages of 't': requests 9 cpus", "stage 't@x=2': requests 1 gpus",
                "13 stages of 't', such as 't@x=1': input '1' is missing (the same for \(named) and 2 more)",
                "2 stages of 't': input 'y' is missing",
            ])
    }
}
