// The executor's end of the supervisor (target CSupervisor): starts it, speaks to it over a socket and hands on what it
// tells. Knows processes by number; does not know stages.

import CLinux
import Glibc
import Model
import SupervisorProgram
import Synchronization

/// The process that creates, measures and ends the stages' processes.
///
/// It ends everything it created when this program ends, in whatever way. Call `shutDown()` when done with it.
public final class Supervisor: Sendable {
    private enum Phase {
        case running
        case shuttingDown
        case closed
    }

    private let socket: Int32
    let pid: pid_t
    /// Means this very process also after it was reaped; negative where the kernel has no such thing.
    private let pidDescriptor: Int32
    private let onEvent: @Sendable (SupervisorEvent) -> Void
    private let phase = Mutex(Phase.running)
    /// Held while a frame is written, so that frames do not mix.
    private let writing = Mutex(())
    private let reader = Mutex<pthread_t?>(nil)

    private init(socket: Int32, pid: pid_t, onEvent: @escaping @Sendable (SupervisorEvent) -> Void) {
        self.socket = socket
        self.pid = pid
        pidDescriptor = clinux_pidfd_open(pid)
        self.onEvent = onEvent
    }

    /// Starts a supervisor.
    ///
    /// - Parameters:
    ///   - executable: its program, whose main calls `csupervisor_run_if_requested` first; nil: the one that this
    ///     program carries or, where a file in memory cannot be executed, this program itself.
    ///   - holding: descriptors that it keeps open until it ends, after the last process that it created.
    ///
    /// `onEvent` is called by one thread of its own, in the order of the events. It may call `spawn` and `stop`, but
    /// not `shutDown`.
    public static func start(
        executable: String? = nil, holding: [Int32] = [],
        onEvent: @escaping @Sendable (SupervisorEvent) -> Void
    ) throws(Failure) -> Supervisor {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw failure("a socket for it could not be made", errno)
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
            throw failure("'\(executable ?? "/proc/self/exe")' could not be executed", error)
        }
        let supervisor = Supervisor(socket: ends[0], pid: pid, onEvent: onEvent)
        let threadError = supervisor.startReader()
        guard threadError == 0 else {
            close(ends[0])
            supervisor.reap()
            throw failure("a thread that listens to it could not be made", threadError)
        }
        return supervisor
    }

    /// Creates a process; what becomes of it is told by events. Nothing happens after `gone` or `shutDown`.
    public func spawn(_ request: SpawnRequest) {
        send(SupervisorCommand.spawn(request))
    }

    /// Sends TERM (and CONT) to the process group and KILL after `graceSeconds`; 0: KILL at once. Repeated with less,
    /// it shortens the wait. Does nothing where the process has ended.
    public func stop(id: UInt64, graceSeconds: Double) {
        send(SupervisorCommand.stop(id: id, graceSeconds: graceSeconds))
    }

    /// Lets it go on where a stage has stopped it. To be called now and then.
    public func wake() {
        if pidDescriptor >= 0 { _ = clinux_pidfd_send_signal(pidDescriptor, SIGCONT) }
    }

    deinit { if pidDescriptor >= 0 { close(pidDescriptor) } }

    /// Ends all processes that are left (TERM, the last grace period named, KILL) and returns when the supervisor has
    /// ended and the last event was delivered.
    public func shutDown() {
        let isFirst = phase.withLock { phase in
            defer { if phase == .running { phase = .shuttingDown } }
            return phase != .closed
        }
        guard isFirst else { return }
        // Only this direction is closed: the ends of the last processes still come.
        Glibc.shutdown(socket, Int32(SHUT_WR))
        let thread = reader.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let thread else { return }
        pthread_join(thread, nil)
        writing.withLock { _ in
            phase.withLock { $0 = .closed }
            close(socket)
        }
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
        return Failure(.store, "the supervisor of the stages' processes could not be started: \(what) (\(reason))")
    }

    /// The supervisor always reads, so this waits for its attention at most, never for an event to be taken.
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

    private func startReader() -> Int32 {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let error = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Supervisor>.fromOpaque(context).takeRetainedValue().deliverEvents() }
                return nil
            }, context.toOpaque())
        if error == 0 {
            reader.withLock { $0 = thread }
        } else {
            context.release()
        }
        return error
    }

    private func deliverEvents() {
        var events = SupervisorEventReader()
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(socket, &bytes, bytes.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0, let read = try? events.read(bytes[..<count]) else { break }
            for event in read { onEvent(event) }
        }
        // Where it spoke nonsense, it takes this for its executor's end.
        Glibc.shutdown(socket, Int32(SHUT_RDWR))
        reap()
        if phase.withLock({ $0 == .running }) { onEvent(.gone) }
    }

    private func reap() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }
}
