// Shared by the tests: a supervisor, its events, and short commands. Every wait ends as soon as its condition is true,
// or fails the test after a minute.

import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import ProcessHost

/// A supervisor with a temporary folder; both are removed with the last reference.
final class Stage: TestFolder {
    private let temporary: TemporaryFolder
    var folder: String { temporary.folder }
    private let supervisor: Supervisor
    private let events: EventList
    private let nextID = Mutex<UInt64>(1)

    /// - Parameter executable: nil for `TestedSupervisor.program`.
    init(executable: String? = nil) throws {
        temporary = try TemporaryFolder()
        supervisor = try Supervisor.start(executable: executable ?? TestedSupervisor.program)
        events = EventList(of: supervisor)
    }

    deinit { supervisor.shutDown() }

    @discardableResult
    func spawn(
        _ arguments: [String], plainWords: [String] = [], environment: [String] = ["PATH=/usr/local/bin:/usr/bin:/bin"],
        in workingDirectory: String? = nil, log: String? = nil, appending: Bool = false, grace: Double = 30
    ) -> UInt64 {
        let id = nextID.withLock { next in
            defer { next += 1 }
            return next
        }
        let token = "token-of-\(id)-in-\(folder)"
        supervisor.spawn(
            SpawnRequest(
                id: id, arguments: arguments, plainWords: plainWords,
                environment: environment + ["RUNS_EXECUTION_TOKEN=\(token)"],
                workingDirectory: workingDirectory ?? folder, logPath: log ?? path("log"), appendsToLog: appending,
                token: token, graceSeconds: grace))
        return id
    }

    func stop(_ id: UInt64, grace: Double) { supervisor.stop(id: id, graceSeconds: grace) }
    func shutDown() { events.add(supervisor.shutDown()) }

    /// Waits for the end of a process.
    func ending(of id: UInt64) throws -> ProcessEnding {
        let event = try events.wait { event in
            switch event {
            case .exited(let ending): ending.id == id
            case .failed(let failed, _, _): failed == id
            default: false
            }
        }
        guard case .exited(let ending) = event else { throw HarnessError("\(event)") }
        return ending
    }

    func pid(of id: UInt64) throws -> Int32 {
        let event = try events.wait { event in
            if case .started(id, _, _) = event { true } else { false }
        }
        guard case .started(_, let pid, _) = event else { throw HarnessError("\(event)") }
        return pid
    }

    func failure(of id: UInt64) throws -> (errno: Int32, step: String) {
        let event = try events.wait { event in
            switch event {
            case .exited(let ending): ending.id == id
            case .failed(let failed, _, _): failed == id
            default: false
            }
        }
        guard case .failed(_, let errno, let step) = event else { throw HarnessError("\(event)") }
        return (errno, step)
    }

    func wait(for event: SupervisorEvent) throws { _ = try events.wait { $0 == event } }
    var allEvents: [SupervisorEvent] { events.all }

    func text(_ name: String) throws -> String { try #require(read(name), "\(name) cannot be read") }

    /// Waits until a file has this many lines and returns them.
    func lines(of name: String, count: Int = 1) throws -> [String] {
        try eventually("\(count) lines in \(name)") {
            guard let text = read(name), text.hasSuffix("\n") else { return nil }
            let lines = text.split(separator: "\n").map(String.init)
            return lines.count >= count ? lines : nil
        }
    }

    /// Creates an executable file with this content.
    func script(_ name: String, _ text: String) throws -> String {
        try write(name, text, executable: true)
        return path(name)
    }
}

/// Events in order of arrival.
final class EventList: Sendable {
    private let supervisor: Supervisor
    private let list = Mutex<[SupervisorEvent]>([])
    init(of supervisor: Supervisor) { self.supervisor = supervisor }

    func add(_ events: [SupervisorEvent]) { list.withLock { $0 += events } }
    var all: [SupervisorEvent] {
        list.withLock { list in
            list += supervisor.takeEvents()
            return list
        }
    }

    func wait(where condition: (SupervisorEvent) -> Bool) throws -> SupervisorEvent {
        try eventually("an event") { all.first(where: condition) }
    }
}
