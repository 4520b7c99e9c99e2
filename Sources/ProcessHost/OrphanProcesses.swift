// Processes that a killed coordinator and its killed supervisor left behind. They are found by the 128-bit token in
// their environment and checked again through a pidfd, so that no other process is ever signalled.

import CLinux
import EngineAPI
import Glibc
import Model
import Programs

/// Ends the processes of these executions: TERM, two seconds, KILL. Returns how many there were.
public func endOrphans(tokens: Set<String>) -> Int {
    guard !tokens.isEmpty else { return 0 }
    var found = Set<Int32>()
    // Processes may make others while they are being ended: look until none is left.
    for round in 0..<200 {
        let (pids, someInExec) = processes(marked: tokens)
        // A process in the middle of exec may be one of them. It is done in a moment.
        if pids.isEmpty, !someInExec || round >= 40 { break }
        for pid in pids {
            let signals = found.insert(pid).inserted ? [SIGTERM, SIGCONT] : round >= 40 ? [SIGKILL] : []
            guard !signals.isEmpty else { continue }
            let descriptor = clinux_pidfd_open(pid)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // Only with the descriptor open does the number surely mean this process.
            guard let token = token(of: pid), tokens.contains(token) else { continue }
            for signal in signals { _ = clinux_pidfd_send_signal(descriptor, signal) }
        }
        usleep(50_000)
    }
    return found.count
}

/// How many processes of these executions still run.
public func countOrphans(tokens: Set<String>) -> Int { tokens.isEmpty ? 0 : processes(marked: tokens).pids.count }

/// Those that have one of the tokens, and whether there is any that may have one in a moment.
private func processes(marked tokens: Set<String>) -> (pids: [Int32], someInExec: Bool) {
    guard let folder = opendir("/proc") else { return ([], false) }
    defer { closedir(folder) }
    var pids: [Int32] = []
    var someInExec = false
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard let pid = Int32(name), pid != getpid(), var environment = readText("/proc/\(pid)/environ") else {
            continue
        }
        if environment.isEmpty, isOfAProgram(pid) {
            if readText("/proc/\(pid)/cmdline") ?? "" == "" { someInExec = true }
            // It may have become its program since.
            environment = readText("/proc/\(pid)/environ") ?? ""
        }
        if let token = token(in: environment), tokens.contains(token) { pids.append(pid) }
    }
    return (pids, someInExec)
}

/// Unlike kernel threads and zombies, a process in the middle of exec has a program, though neither arguments nor
/// environment.
private func isOfAProgram(_ pid: Int32) -> Bool {
    var target = [CChar](repeating: 0, count: 8)
    return readlink("/proc/\(pid)/exe", &target, target.count) > 0
}

/// The token in a process's environment; nil also for the processes of other users and for zombies.
private func token(of pid: Int32) -> String? { readText("/proc/\(pid)/environ").flatMap(token(in:)) }

private func token(in environment: String) -> String? {
    let prefix = tokenVariable + "="
    return environment.split(separator: "\0").first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
}
