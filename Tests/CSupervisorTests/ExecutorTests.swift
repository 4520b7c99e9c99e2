// The supervisor with executors other than `Supervisor`: killed, not reading, or sending invalid frames.

import Glibc
import TestSupport
import Testing

@testable import ProcessHost

@Suite(.sanitizedToo) struct ExecutorTests {
    @Test func theProcessesOfAKilledExecutorEnd() throws {
        let executor = try BareExecutor()
        try executor.send(executor.spawn(1, "(setsid env -i sh -c 'echo $$ > daemon; sleep 1000' &); sleep 1000"))
        try executor.send(executor.spawn(2, "trap 'exit 0' TERM; echo $$ > main; while :; do sleep 0.01; done"))
        let pids = try ["daemon", "main"].map { try #require(Int32(try executor.line(of: $0))) }
        // Closes both directions with unread events, as the end of a process does.
        executor.disconnect()
        #expect(executor.exitStatus() == 0)
        for pid in pids { #expect(!ProcessSight.isRunning(pid)) }
    }

    @Test func theSupervisorWaitsForAnExecutorThatDoesNotRead() throws {
        let executor = try BareExecutor()
        // More events than fit into a socket's buffer.
        let count = 20_000
        let frame = SupervisorCommand.spawn(
            SpawnRequest(
                id: 1, arguments: [], environment: [], workingDirectory: "/nowhere", logPath: "/dev/null", token: ""))
        for _ in 0..<count { try executor.send(frame) }
        executor.endCommands()
        let events = try executor.readToEnd()
        #expect(events.count == count)
        #expect(executor.exitStatus() == 0)
    }

    @Test(arguments: testSeeds(from: 0, count: 40))
    func invalidFramesEndTheSupervisorProperly(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let executor = try BareExecutor()
        try executor.send(executor.spawn(1, "echo $$ > main; sleep 1000"))
        let pid = try #require(Int32(try executor.line(of: "main")))
        // A frame with random bytes after its length, then one of an unknown type.
        var frame = executor.spawn(2, "exit 0")
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            frame[Int.random(in: 5..<frame.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        // The supervisor may end before the second arrives.
        try? executor.send(frame)
        try? executor.send([1, 0, 0, 0, 99])
        #expect(executor.exitStatus() == 0, "seed \(seed)")
        #expect(!ProcessSight.isRunning(pid), "seed \(seed)")
    }

    @Test func withoutASocketItIsNotASupervisor() throws {
        // The program continues normally instead of waiting for commands.
        var words = [strdup("runs-supervisor"), strdup("999"), strdup("0"), nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        #expect(posix_spawn(&pid, try TestedSupervisor.program ?? RunsBinary.path(), nil, nil, &words, environ) == 0)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        #expect(status == 2 << 8, "it says that it does not know these arguments")
    }
}

/// A supervisor and the other end of its socket.
private final class BareExecutor {
    private let socket: Int32
    private let pid: pid_t
    private let folder: TemporaryFolder
    private var isConnected = true

    init() throws {
        folder = try TemporaryFolder()
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 200)
        var words = [strdup("runs-supervisor"), strdup("200"), strdup("0"), nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        try #require(
            posix_spawn(&pid, try TestedSupervisor.program ?? RunsBinary.path(), &actions, nil, &words, environ) == 0)
        close(ends[1])
        self.pid = pid
        socket = ends[0]
    }

    deinit { disconnect() }

    func spawn(_ id: UInt64, _ script: String) -> [UInt8] {
        SupervisorCommand.spawn(
            SpawnRequest(
                id: id, arguments: ["sh", "-c", script], environment: ["PATH=/bin:/usr/bin"],
                workingDirectory: folder.folder,
                logPath: folder.path("log\(id)"), token: "", graceSeconds: 30))
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.send(socket, Array(rest), rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw HarnessError("cannot send a command: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    func endCommands() { Glibc.shutdown(socket, Int32(SHUT_WR)) }

    func disconnect() {
        if isConnected { close(socket) }
        isConnected = false
    }

    func readToEnd() throws -> [SupervisorEvent] {
        var reader = SupervisorEventReader()
        var events: [SupervisorEvent] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(socket, &bytes, bytes.count)
            guard count > 0 else { return events }
            events += try reader.read(bytes[..<count])
        }
    }

    func line(of name: String) throws -> String {
        try eventually("a line in \(name)") {
            folder.read(name).flatMap { $0.hasSuffix("\n") ? String($0.dropLast()) : nil }
        }
    }

    func exitStatus() -> Int32 {
        var status: Int32 = -1
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
