// This program's end of the supervisor (target CSupervisor): starts it, sends commands over a socket and returns its
// events. Knows processes by number; does not know stages.

import CLinux
import Glibc
import Model
import SupervisorProgram
import Synchronization

/// The process that creates, measures and ends the stages' processes.
///
/// It ends everything it created when this program ends, in whatever way. Call `shutDown()` at the end.
public final class Supervisor: Sendable {
    private enum Phase {
        case running
        case shuttingDown
        case closed
    }

    private let socket: Int32
    public let pid: pid_t
    /// Refers to this process even after it was reaped; negative where the kernel has no pidfd.
    private let pidDescriptor: Int32
    private let phase = Mutex(Phase.running)
    /// Held while a frame is written, so that frames do not mix.
    private let writing = Mutex(())
    private let reading = Mutex(Reading())

    private struct Reading {
        var events = SupervisorEventReader()
        var hasEnded = false
    }

    private init(socket: Int32, pid: pid_t) {
        self.socket = socket
        self.pid = pid
        pidDescriptor = clinux_pidfd_open(pid)
    }

    /// Starts a supervisor.
    ///
    /// - Parameters:
    ///   - executable: its program, whose main calls `csupervisor_run_if_requested` first; nil: the one that this
    ///     program carries or, where a file in memory cannot be executed, this program itself.
    ///   - holding: descriptors that it keeps open until it ends, after the last process that it created.
    public static func start(
        executable: String? = nil, holding: [Int32] = []
    ) throws(Failure) -> Supervisor {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw failure("no socket", errno)
        }
        let (pid, error) =
            if let executable {
                create(executable, socket: ends[1], holding: holding)
            } else {
                create(socket: ends[1], holding: holding)
            }
        close(ends[1])
        guard error == 0 else {
            close(ends[0])
            throw failure("cannot execute '\(executable ?? "/proc/self/exe")'", error)
        }
        return Supervisor(socket: ends[0], pid: pid)
    }

    /// Readable while there is something to take; -1 once nothing more will come.
    public var descriptor: Int32 { reading.withLock { $0.hasEnded ? -1 : socket } }

    /// Events since the last call, in order; does not wait.
    public func takeEvents() -> [SupervisorEvent] { read(flags: Int32(MSG_DONTWAIT)) }

    /// Creates a process and reports it by events. Does nothing after `gone` or `shutDown`.
    public func spawn(_ request: SpawnRequest) {
        send(SupervisorCommand.spawn(request))
    }

    /// Sends TERM (and CONT) to the process group and KILL after `graceSeconds`; 0: KILL at once. Repeated with less,
    /// it shortens the wait. Does nothing where the process has ended.
    public func stop(id: UInt64, graceSeconds: Double) {
        send(SupervisorCommand.stop(id: id, graceSeconds: graceSeconds))
    }

    /// Continues it in case a stage has stopped it. To be called now and then.
    public func wake() {
        if pidDescriptor >= 0 { _ = clinux_pidfd_send_signal(pidDescriptor, SIGCONT) }
    }

    deinit { if pidDescriptor >= 0 { close(pidDescriptor) } }

    /// Ends all processes that are left (TERM, the last grace period named, KILL) and returns when the supervisor has
    /// ended.
    ///
    /// - Returns: the last events.
    @discardableResult
    public func shutDown() -> [SupervisorEvent] {
        let isFirst = phase.withLock { phase in
            defer { if phase == .running { phase = .shuttingDown } }
            return phase == .running
        }
        guard isFirst else { return [] }
        // Only this direction is closed: the ends of the last processes still come.
        Glibc.shutdown(socket, Int32(SHUT_WR))
        var events: [SupervisorEvent] = []
        while descriptor >= 0 { events += read(flags: 0) }
        writing.withLock { _ in
            phase.withLock { $0 = .closed }
            close(socket)
        }
        return events
    }

    /// The number of the socket in the new process; those to hold follow it.
    private static let inherited: Int32 = 3
    private static let firstHeld = inherited + 1

    private static func create(socket: Int32, holding: [Int32]) -> (pid: pid_t, error: Int32) {
        // Above the numbers that something else has in the new process before its program is executed.
        if let file = SupervisorProgram.open(lowest: firstHeld + Int32(holding.count)) {
            defer { close(file) }
            let created = create("/proc/self/fd/\(file)", socket: socket, holding: holding)
            if created.error == 0 { return created }
        }
        return create("/proc/self/exe", socket: socket, holding: holding)
    }

    /// The new process leads a session of its own from the beginning, so that no key typed at a terminal reaches it.
    private static func create(_ executable: String, socket: Int32, holding: [Int32]) -> (pid: pid_t, error: Int32) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Also where both are the same number: this is what keeps it open over exec.
        posix_spawn_file_actions_adddup2(&actions, socket, inherited)
        // First those to hold go to numbers that no other of them is to have.
        let held = holding.map { fcntl($0, F_DUPFD_CLOEXEC, firstHeld + Int32(holding.count)) }.filter { $0 >= 0 }
        defer { for descriptor in held { close(descriptor) } }
        for (index, descriptor) in held.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, firstHeld + Int32(index))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, which the Glibc module hides.
        posix_spawnattr_setflags(&attributes, 0x80)
        var arguments = [strdup("runs-supervisor"), strdup(String(inherited)), strdup(String(held.count)), nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, &arguments, environ)
        return (pid, error)
    }

    private static func failure(_ what: String, _ error: Int32) -> Failure {
        let reason = String(cString: strerror(error))
        let advice = error == EAGAIN ? "; raise the limit on processes (`ulimit -u`)" : ""
        return Failure(.engine, "cannot start the supervisor process: \(what) (\(reason))\(advice)")
    }

    /// Blocks at most until the supervisor reads, which it always does.
    private func send(_ frame: [UInt8]) {
        writing.withLock { _ in
            guard phase.withLock({ $0 == .running }) else { return }
            frame.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress
                    let count = Glibc.send(socket, start, rest.count, Int32(MSG_NOSIGNAL))
                    if count > 0 {
                        rest = rest.dropFirst(count)
                    } else if errno != EINTR {
                        // It is gone, which the reader notices too.
                        return
                    }
                }
            }
        }
    }

    /// Ends with `gone` where the supervisor died or sent something invalid.
    private func read(flags: Int32) -> [SupervisorEvent] {
        reading.withLock { reading in
            guard !reading.hasEnded else { return [] }
            let events: [SupervisorEvent]? = withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) {
                bytes in
                var count = 0
                repeat { count = recv(socket, bytes.baseAddress, bytes.count, flags) } while count < 0 && errno == EINTR
                if count < 0, errno == EAGAIN { return [] }
                return count > 0 ? try? reading.events.read(bytes[..<count]) : nil
            }
            if let events { return events }
            reading.hasEnded = true
            // If it is still alive, it takes this for the end of this program.
            Glibc.shutdown(socket, Int32(SHUT_RDWR))
            reap()
            return phase.withLock { $0 == .running } ? [.gone] : []
        }
    }

    private func reap() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }
}
