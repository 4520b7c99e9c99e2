// Processes of this machine, as /proc shows them. Knows /proc; does not know which programs run.

import Foundation
import Glibc

/// One process, as it was when it was looked at.
public struct ProcessSight: Sendable {
    public let pid: pid_t
    public let name: String
    public let parent: pid_t
    /// The letter of /proc: `R` runs, `S` sleeps, `T` is stopped, `Z` is a zombie.
    public let state: Character

    /// Ended, and not yet reaped by its parent.
    public var isZombie: Bool { state == "Z" || state == "X" }

    /// The process of this number; nil if it is gone.
    public static func of(_ pid: pid_t) -> ProcessSight? {
        guard let text = procText("/proc/\(pid)/stat"), let opening = text.firstIndex(of: "("),
            let closing = text.lastIndex(of: ")")
        else { return nil }
        let rest = text[closing...].split(separator: " ").dropFirst()
        guard let state = rest.first?.first, let parent = rest.dropFirst().first.flatMap({ pid_t($0) }) else {
            return nil
        }
        return ProcessSight(
            pid: pid, name: String(text[text.index(after: opening)..<closing]), parent: parent, state: state)
    }

    /// All processes.
    public static func all() -> [ProcessSight] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { entry in
            pid_t(entry).flatMap(of)
        }
    }

    /// Those with this `NAME=VALUE` in their environment that are not zombies.
    public static func marked(_ marker: String) -> [ProcessSight] {
        all().filter { sight in
            !sight.isZombie
                && (procText("/proc/\(sight.pid)/environ") ?? "").split(separator: "\0").contains { $0 == marker }
        }
    }

    /// Whether a process of this number runs: neither gone nor a zombie.
    public static func isRunning(_ pid: pid_t) -> Bool { of(pid).map { !$0.isZombie } ?? false }

    /// The largest resident size that a process has had; nil if it is gone.
    public static func peakMemoryBytes(of pid: pid_t) -> Int? {
        procText("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            .flatMap { line in line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first }
            .flatMap { Int($0) }.map { $0 * 1024 }
    }

    /// Files of /proc have no size to go by.
    private static func procText(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
