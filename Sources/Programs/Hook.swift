// Runs a user's shell command with some input. Knows processes; does not know the input. A hook is not a stage: it is
// not recorded, and only a time limit applies to it.

import CLinux
import Glibc
import Model

/// Runs a command with `/bin/sh -c` in the caller's folder and environment. All its output goes to standard error,
/// because standard output is for results. Ctrl-C, TERM, HUP and the time limit stop it: TERM to its process group,
/// then KILL after 2 s.
///
/// - Parameter input: its standard input, a file, so that a command need not read it.
/// - Returns: an error message if it did not end with status 0; nil on success.
public func runHook(_ command: String, input: String, limitSeconds: Double) -> String? {
    let file = clinux_memory_file("runs-hook")
    guard file >= 0 else { return "cannot create its input: \(String(cString: strerror(errno)))" }
    defer { close(file) }
    guard writeAll(input.utf8, to: file), lseek(file, 0, SEEK_SET) == 0 else {
        return "cannot write its input: \(String(cString: strerror(errno)))"
    }
    // Before the command starts: from now on a signal stops the command, not this program.
    let signals: SignalSource
    do { signals = try SignalSource() } catch { return error.message }
    let (pid, error) = spawnShell(command, input: file)
    guard error == 0 else { return "cannot start '\(command)': \(String(cString: strerror(error)))" }
    let handle = clinux_pidfd_open(pid)
    defer { if handle >= 0 { close(handle) } }

    let deadline = ContinuousClock.now + .seconds(limitSeconds)
    var stop: (reason: String, killAt: ContinuousClock.Instant)?
    while true {
        if hasEnded(pid) {
            // Before it is reaped, its process group number cannot be reused.
            if stop != nil { kill(-pid, SIGKILL) }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return stop?.reason ?? sentence(forStatus: status, of: command)
        }
        let (now, signal) = (ContinuousClock.now, signals.next())
        if let stop {
            if now >= stop.killAt { kill(-pid, SIGKILL) }
            if now >= stop.killAt + .seconds(5) { return stop.reason + ", but it is still running" }
        } else if signal != nil || now >= deadline {
            let why =
                signal.map { "was stopped by \(signalName($0))" }
                ?? "took longer than \(limitSeconds) s and was stopped"
            stop = ("'\(command)' \(why)", now + .seconds(2))
            kill(-pid, SIGTERM)
            kill(-pid, SIGCONT)
        }
        var waited = [
            pollfd(fd: handle, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&waited, 2, 50)
    }
}

/// Whether it has ended. Does not reap it.
private func hasEnded(_ pid: pid_t) -> Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo != 0
}

private func sentence(forStatus status: Int32, of command: String) -> String? {
    let signal = status & 0x7f
    if signal != 0 { return "'\(command)' was killed by signal \(signal) (\(signalName(signal)))" }
    let code = status >> 8 & 0xff
    return code == 0 ? nil : "'\(command)' exited with status \(code)"
}

/// Starts it in a new process group, which can be stopped as a whole, and without the signals that this program blocks
/// or ignores.
private func spawnShell(_ command: String, input: Int32) -> (pid: pid_t, error: Int32) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, 2, 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (blocked, defaults) = (sigset_t(), sigset_t())
    sigemptyset(&blocked)
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigmask(&attributes, &blocked)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var arguments = [strdup("/bin/sh"), strdup("-c"), strdup(command), nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &arguments, environ)
    return (pid, error)
}
