// A shell command of the user's that is told something on its standard input. Knows processes; does not know what is
// told. It is no stage: nothing is recorded of it, and time alone bounds it.

import CLinux
import Glibc
import Model

/// Runs a command with `/bin/sh -c`, in the caller's folder and environment. What it prints to either output goes to
/// standard error, since standard output is for results. Ctrl-C, TERM and HUP, and the time limit, end it: TERM to its
/// process group and, 2 s later, KILL.
///
/// - Parameter input: is complete before the command starts, so that one that does not read it keeps nobody waiting.
/// - Returns: a sentence where it did not end with status 0; nil: all is well.
public func runHook(_ command: String, input: String, limitSeconds: Double) -> String? {
    let file = clinux_memory_file("runs-hook")
    guard file >= 0 else { return "its input could not be made: \(String(cString: strerror(errno)))" }
    defer { close(file) }
    guard writeAll(input.utf8, to: file), lseek(file, 0, SEEK_SET) == 0 else {
        return "its input could not be written: \(String(cString: strerror(errno)))"
    }
    // Before it starts: from now on a signal ends the command, and this program goes on.
    let signals: SignalSource
    do { signals = try SignalSource() } catch { return error.message }
    let (pid, error) = spawnShell(command, input: file)
    guard error == 0 else { return "'\(command)' could not be started: \(String(cString: strerror(error)))" }
    let handle = clinux_pidfd_open(pid)
    defer { if handle >= 0 { close(handle) } }

    let deadline = ContinuousClock.now + .seconds(limitSeconds)
    var stop: (reason: String, killAt: ContinuousClock.Instant)?
    while true {
        if hasEnded(pid) {
            // While it is not reaped, its process group is nobody else's.
            if stop != nil { kill(-pid, SIGKILL) }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return stop?.reason ?? sentence(forStatus: status, of: command)
        }
        let (now, signal) = (ContinuousClock.now, signals.next())
        if let stop {
            if now >= stop.killAt { kill(-pid, SIGKILL) }
            if now >= stop.killAt + .seconds(5) { return stop.reason + ", but it does not end" }
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

/// Whether it is over; it stays to be reaped.
private func hasEnded(_ pid: pid_t) -> Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo != 0
}

private func sentence(forStatus status: Int32, of command: String) -> String? {
    let signal = status & 0x7f
    if signal != 0 { return "'\(command)' was ended by signal \(signal) (\(signalName(signal)))" }
    let code = status >> 8 & 0xff
    return code == 0 ? nil : "'\(command)' ended with status \(code)"
}

/// In a process group of its own, so that it can be ended with all that it started, and with no signal blocked or
/// ignored that this program blocks or ignores.
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
