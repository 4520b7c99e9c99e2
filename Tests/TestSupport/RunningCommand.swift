// A child process whose output is read while it runs. Both pipes are drained by one poll, so that a child that writes
// much to either never waits for its reader. Knows processes; does not know which program it started.

import Glibc
import Synchronization

/// How a command ended.
public enum CommandEnd: Equatable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "ended by signal \(number)"
        }
    }
}

/// What a finished command left.
public struct CommandResult: Sendable {
    public let arguments: [String]
    public let end: CommandEnd
    /// What it wrote to standard output.
    public let output: String
    /// What it wrote to standard error.
    public let errorOutput: String

    /// The exit status; nil when a signal ended it.
    public var status: Int32? { if case .exited(let status) = end { status } else { nil } }

    /// Everything that a failing test wants to say of it.
    public var story: String {
        """
        $ runs \(arguments.joined(separator: " "))
        \(end)
        --- stdout
        \(output)
        --- stderr
        \(errorOutput)
        """
    }
}

/// A command that was started and may still run. It is killed, with its process group, when nobody holds it any more.
public final class RunningCommand {
    private let arguments: [String]
    public let processID: pid_t
    private var outputPipe: Int32
    private var errorPipe: Int32
    private var outputBytes: [UInt8] = []
    private var errorBytes: [UInt8] = []
    private var end: CommandEnd?

    /// Starts `program` in `folder`, in its own process group, with `input` (a file) as its standard input.
    public init(
        program: String, arguments: [String], folder: String, environment: [String: String], input: String = "/dev/null"
    ) throws {
        self.arguments = arguments
        (outputPipe, errorPipe, processID) = try Self.spawning.withLock { _ in
            try Self.spawn(program, arguments, folder, environment, input)
        }
    }

    /// A pipe exists for a moment before it is marked as not to be inherited; no other child may start then. Tests run
    /// side by side, and an end held open elsewhere is never at its end.
    private static let spawning = Mutex(())

    private static func spawn(
        _ program: String, _ arguments: [String], _ folder: String, _ environment: [String: String], _ input: String
    ) throws -> (outputPipe: Int32, errorPipe: Int32, processID: pid_t) {
        let (outputRead, outputWrite) = try makePipe()
        let (errorRead, errorWrite) = try makePipe()
        defer {
            close(outputWrite)
            close(errorWrite)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, outputWrite, 1)
        posix_spawn_file_actions_adddup2(&actions, errorWrite, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

        // posix_spawn has no portable way to change the folder; the shell is replaced by the program.
        let shell = ["/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder, program]
        let words = (shell + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var child: pid_t = 0
        let problem = posix_spawn(&child, "/bin/sh", &actions, &attributes, words, variables)
        guard problem == 0 else {
            close(outputRead)
            close(errorRead)
            throw HarnessError.system("cannot start \(program)", problem)
        }
        return (outputRead, errorRead, child)
    }

    deinit {
        if end == nil {
            kill(-processID, SIGKILL)
            var status: Int32 = 0
            while waitpid(processID, &status, 0) < 0 && errno == EINTR {}
        }
        if outputPipe >= 0 { close(outputPipe) }
        if errorPipe >= 0 { close(errorPipe) }
    }

    /// What it has written to standard output so far.
    public var output: String { String(decoding: outputBytes, as: UTF8.self) }
    /// What it has written to standard error so far.
    public var errorOutput: String { String(decoding: errorBytes, as: UTF8.self) }

    /// Sends a signal to the command alone, not to its children.
    public func send(_ signal: Int32) { if end == nil { kill(processID, signal) } }

    /// Reads until `condition` holds; throws when the command ends, or `timeout` passes, before it does.
    public func read(until condition: (RunningCommand) -> Bool, _ what: String, timeout: Duration = .seconds(60)) throws
    {
        let deadline = ContinuousClock.now + timeout
        while !condition(self) {
            guard try readOnce(deadline: deadline) else {
                throw HarnessError("the command ended before \(what)\n\(output)\n\(errorOutput)")
            }
        }
    }

    /// Reads until both outputs are closed and the command has ended. After `timeout` its process group is killed and
    /// an error thrown: descendants that outlive the command and hold its output count as not ended.
    public func finish(timeout: Duration = .seconds(60)) throws -> CommandResult {
        let deadline = ContinuousClock.now + timeout
        while try readOnce(deadline: deadline) {}
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0 {
            guard errno == EINTR else { throw HarnessError.system("waitpid") }
        }
        let signal = status & 0x7f
        let end: CommandEnd = signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
        self.end = end
        return CommandResult(arguments: arguments, end: end, output: output, errorOutput: errorOutput)
    }

    /// Waits for something to read and reads it. False once both outputs are closed.
    private func readOnce(deadline: ContinuousClock.Instant) throws -> Bool {
        guard outputPipe >= 0 || errorPipe >= 0 else { return false }
        let left = (deadline - ContinuousClock.now) / .milliseconds(1)
        guard left > 0 else {
            kill(-processID, SIGKILL)
            let line = arguments.joined(separator: " ")
            throw HarnessError("`runs \(line)` was not done in time and was killed\n\(output)\n\(errorOutput)")
        }
        var waited = [
            pollfd(fd: outputPipe, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errorPipe, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waited, 2, Int32(clamping: Int(left.rounded(.up)))) >= 0 || errno == EINTR else {
            throw HarnessError.system("poll")
        }
        if waited[0].revents != 0 { try Self.drain(&outputPipe, into: &outputBytes) }
        if waited[1].revents != 0 { try Self.drain(&errorPipe, into: &errorBytes) }
        return true
    }

    /// One read; closes the pipe, and leaves -1, at its end.
    private static func drain(_ pipe: inout Int32, into bytes: inout [UInt8]) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(pipe, &buffer, buffer.count)
        if count > 0 {
            bytes += buffer[..<count]
        } else if count == 0 {
            close(pipe)
            pipe = -1
        } else if errno != EINTR && errno != EAGAIN {
            throw HarnessError.system("cannot read from a command")
        }
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HarnessError.system("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
