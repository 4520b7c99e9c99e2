// What an engine owes the coordinator, of real processes: one end for each launch, limits that start with the command,
// and nothing left behind.

import EngineAPI
import GPU
import Glibc
import Model
import TestSupport
import Testing

@testable import LocalEngine

@Suite(.blocking) struct LocalEngineTests {
    private let folder: TemporaryFolder
    private let engine: LocalEngine

    init() throws {
        folder = try TemporaryFolder()
        let capacity = Capacity(cpus: .one, memoryBytes: 1 << 30, gpus: [], counted: [:])
        engine = LocalEngine(capacity: capacity, driver: GPUDriver())
        try engine.open()
    }

    private func launch(
        _ id: Int64, _ script: String, timeout: Double? = nil, memory: Int64? = nil, words: [String]? = nil
    ) -> Launch {
        let token = "\(folder.folder)-\(id)"
        return Launch(
            executionID: ExecutionID(id), stage: "s\(id)", arguments: words ?? ["/bin/sh", "-c", script],
            plainWords: nil, workingDirectory: folder.folder,
            environment: ["PATH=/usr/bin:/bin", "\(tokenVariable)=\(token)"],
            logPath: folder.path("log-\(id)"), token: token, graceSeconds: 5, timeoutSeconds: timeout,
            memoryLimitBytes: memory, lease: Lease(request: ResourceRequest(), gpus: nil), holdsDevices: false)
    }

    /// Every event up to the last of so many executions.
    private func events(until ends: Int) throws -> [EngineEvent] {
        var events: [EngineEvent] = []
        try wait(for: "\(ends) ends") {
            events += engine.takeEvents()
            return events.count { Self.isEnd($0) } >= ends
        }
        return events
    }

    private static func isEnd(_ event: EngineEvent) -> Bool {
        switch event {
        case .ended, .rejected, .lost: true
        case .submitted, .started, .unavailable, .available, .failed: false
        }
    }

    private func outcome(of events: [EngineEvent]) throws -> EngineOutcome {
        try #require(events.lazy.compactMap { if case .ended(_, let outcome) = $0 { outcome } else { nil } }.first)
    }

    @Test func aCommandStartsAndEndsOnce() throws {
        engine.submit([launch(1, "echo hello; exit 3")])
        // A token that was submitted before is not submitted again.
        engine.submit([launch(1, "echo hello; exit 3")])
        let events = try events(until: 1)
        engine.close(.cancelAll)
        #expect(engine.takeEvents().isEmpty && engine.descriptor == -1)
        guard events.count == 2, case .started(ExecutionID(1), _) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(try outcome(of: events).exit == .code(3) && folder.read("log-1") == "hello\n")
    }

    @Test func whatCannotBeStartedIsRejected() throws {
        defer { engine.close(.cancelAll) }
        engine.submit([launch(1, "", words: ["no-such-program"])])
        guard case .rejected(ExecutionID(1), let reason)? = try events(until: 1).first else {
            Issue.record("not rejected")
            return
        }
        #expect(reason == "no-such-program: command not found")
    }

    @Test func aTimeoutEndsACommandAndSaysSo() throws {
        defer { engine.close(.cancelAll) }
        engine.submit([launch(1, "exec sleep 1000", timeout: 0.2), launch(2, "true", timeout: 1000)])
        let ends = try events(until: 2).compactMap { event -> (Int64, StopCause?)? in
            if case .ended(let id, let outcome) = event { (id.value, outcome.stopCause) } else { nil }
        }
        #expect(ends.first { $0.0 == 1 }?.1 == .timeout && ends.contains { $0.0 == 2 && $0.1 == nil })
    }

    @Test func aMemoryLimitEndsACommandAndSaysSo() throws {
        defer { engine.close(.cancelAll) }
        engine.submit([
            launch(1, "exec python3 -c 'x = b\"x\" * (200 << 20); import time; time.sleep(1000)'", memory: 50 << 20)
        ])
        #expect(try outcome(of: events(until: 1)).stopCause == .memoryLimit)
    }

    @Test func cancellingWinsOverATimeoutThatComesLater() throws {
        defer { engine.close(.cancelAll) }
        engine.submit([
            launch(1, "trap 'sleep 0.5; exit 1' TERM; echo > ready; while :; do sleep 0.01; done", timeout: 2)
        ])
        try wait(for: "the command") { folder.exists("ready") }
        engine.cancel([ExecutionID(1)], graceSeconds: 30)
        let outcome = try outcome(of: events(until: 1))
        #expect(outcome.stopCause == nil && outcome.exit == .code(1))
    }

    @Test func closingEndsEverything() throws {
        engine.submit([launch(1, "echo $$ > pid; exec sleep 1000")])
        try wait(for: "the command") { folder.read("pid")?.isEmpty == false }
        let pid = try #require(folder.read("pid").flatMap { Int32($0.dropLast()) })
        engine.close(.cancelAll)
        #expect(kill(pid, 0) != 0 && errno == ESRCH)
    }
}
