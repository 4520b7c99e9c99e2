// Shared by the tests: a supervisor, its events, and short commands. Every wait ends as soon as its condition is true,
// or fails the test after a minute.

import Glibc
import Model
import Synchronization
import Testing

@testable import ProcessHost

/// A supervisor with a temporary folder; both are removed with the last reference.
final class Stage: Sendable {
    let folder: String
    private let supervisor: Supervisor
    private let events: EventList
    private let nextID = Mutex<UInt64>(1)

    /// - Parameter executable: nil for `TestedSupervisor.program`.
    init(executable: String? = nil) throws {
        var template = Array("/tmp/supervisor-tests-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        supervisor = try Supervisor.start(executable: executable ?? TestedSupervisor.program)
        events = EventList(of: supervisor)
    }

    deinit {
        supervisor.shutDown()
        _ = run("/bin/rm", ["-rf", folder])
    }

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
        guard case .exited(let ending) = event else { throw Unexpected(description: "\(event)") }
        return ending
    }

    func pid(of id: UInt64) throws -> Int32 {
        let event = try events.wait { event in
            if case .started(id, _, _) = event { true } else { false }
        }
        guard case .started(_, let pid, _) = event else { throw Unexpected(description: "\(event)") }
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
        guard case .failed(_, let errno, let step) = event else { throw Unexpected(description: "\(event)") }
        return (errno, step)
    }

    func wait(for event: SupervisorEvent) throws { _ = try events.wait { $0 == event } }
    var allEvents: [SupervisorEvent] { events.all }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func text(_ name: String) throws -> String {
        let file = try #require(fopen(path(name), "r"), "\(name) cannot be read")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        for byte in sequence(
            state: (),
            next: { _ in
                let byte = getc(file); return byte == EOF ? nil : byte
            })
        {
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits until a file has this many lines and returns them.
    func lines(of name: String, count: Int = 1) throws -> [String] {
        try eventually("\(count) lines in \(name)") {
            guard access(path(name), R_OK) == 0 else { return nil }
            let text = try text(name)
            guard text.hasSuffix("\n") else { return nil }
            let lines = text.split(separator: "\n").map(String.init)
            return lines.count >= count ? lines : nil
        }
    }

    /// Creates an executable file with this content.
    func script(_ name: String, _ text: String) throws -> String {
        let file = try #require(fopen(path(name), "w"))
        fputs(text, file)
        fclose(file)
        chmod(path(name), 0o755)
        return path(name)
    }
}

struct Unexpected: Error, CustomStringConvertible { let description: String }

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

/// Repeats `attempt` until it returns a value, for a minute at most.
func eventually<Value>(_ what: String, _ attempt: () throws -> Value?) throws -> Value {
    for _ in 0..<30_000 {
        if let value = try attempt() { return value }
        usleep(2000)
    }
    throw Unexpected(description: "waited a minute for \(what); it did not come")
}

/// `runs`, which is built into the folder of the tests.
func programPath() throws -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard readlink("/proc/self/exe", &path, Int(PATH_MAX)) > 0 else { throw Unexpected(description: "no /proc") }
    let tests = String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let slash = try #require(tests.lastIndex(of: "/"))
    return tests[...slash] + "runs"
}

/// Runs a program and returns its wait status.
func run(_ program: String, _ arguments: [String]) -> Int32 {
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    guard posix_spawn(&pid, program, nil, nil, &words, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status
}

/// Whether the process exists and is not a zombie.
func isRunning(_ pid: Int32) -> Bool { processState(pid).map { $0 != "Z" && $0 != "X" } ?? false }

func processState(_ pid: Int32) -> Character? {
    guard let file = fopen("/proc/\(pid)/stat", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [CChar](repeating: 0, count: 512)
    guard fgets(&bytes, 512, file) != nil else { return nil }
    let text = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].first { $0 != " " }
}
