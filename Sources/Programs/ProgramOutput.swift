// Runs a small program that may hang, with a time limit, and returns its output. Knows processes; does not know what
// the output means.

import Glibc

/// The path of a program on PATH; nil if not found.
public func executable(named name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// What a program wrote to standard output.
public struct ProgramOutput: Sendable {
    public let bytes: [UInt8]
    /// Whether it exceeded the limit and the program was killed.
    public let isCut: Bool

    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Runs a program without standard input and discards its standard error.
///
/// - Returns: nil if it cannot be started, fails, or exceeds the time limit and is killed.
public func output(
    ofProgram words: [String], withinSeconds limit: Int, mostBytes: Int = 1 << 22
) -> ProgramOutput? {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return nil }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let isStarted = posix_spawn(&pid, words[0], &actions, nil, &arguments, environ) == 0
    close(ends[1])
    guard isStarted else { return nil }

    let deadline = ContinuousClock.now + .seconds(limit)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    var isComplete = false
    while bytes.count <= mostBytes {
        let left = (deadline - .now) / .milliseconds(1)
        guard left > 0 else { break }
        var waited = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        guard poll(&waited, 1, Int32(left.rounded(.up))) > 0 else { continue }
        let count = read(ends[0], &chunk, chunk.count)
        if count <= 0 {
            isComplete = count == 0
            break
        }
        bytes += chunk[..<count]
    }
    if !isComplete { kill(pid, SIGKILL) }
    // It closed its output, so it has ended or is about to. Do not wait for a killed process that hangs in a driver.
    let lastLook = max(deadline, .now + .seconds(1))
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
        guard ContinuousClock.now < lastLook else { return nil }
        usleep(1_000)
    }
    if bytes.count > mostBytes { return ProgramOutput(bytes: Array(bytes.prefix(mostBytes)), isCut: true) }
    return isComplete && status == 0 ? ProgramOutput(bytes: bytes, isCut: false) : nil
}
