// What tests need that break things on purpose: the processes of a project, SQLite beside the program, small file
// systems. Knows /proc, python3 and mount; knows nothing of the program's modules.

import Foundation
import Glibc

/// `RUNS_TEST_LONG=1`: many more rounds than a change has to wait for.
let isLongFaultTest = environmentVariable("RUNS_TEST_LONG") == "1"

/// Whether this user may mount a file system in memory.
let canMountMemory =
    system("d=$(mktemp -d) && mount -t tmpfs tmpfs $d 2>/dev/null && umount $d; r=$?; rmdir $d; exit $r") == 0

/// One process, as /proc tells it.
struct ProcessSight {
    let pid: pid_t
    let name: String
    let parent: pid_t
    let isZombie: Bool

    /// All that can be seen now.
    static func all() -> [ProcessSight] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { entry in
            guard let pid = pid_t(entry), let text = procText("/proc/\(pid)/stat"),
                let opening = text.firstIndex(of: "("), let closing = text.lastIndex(of: ")")
            else { return nil }
            let rest = text[closing...].split(separator: " ").dropFirst()
            guard let state = rest.first, let parent = rest.dropFirst().first.flatMap({ pid_t($0) }) else { return nil }
            return ProcessSight(
                pid: pid, name: String(text[text.index(after: opening)..<closing]), parent: parent,
                isZombie: state == "Z")
        }
    }

    /// Those with this variable in their environment.
    static func marked(_ marker: String) -> [ProcessSight] {
        all().filter { sight in
            !sight.isZombie
                && (procText("/proc/\(sight.pid)/environ") ?? "").split(separator: "\0").contains { $0 == marker }
        }
    }

    /// The supervisor that this `runs` started; nil where it has none (yet).
    static func supervisor(of pid: pid_t) -> ProcessSight? {
        all().first { $0.parent == pid && $0.name == "runs-supervisor" && !$0.isZombie }
    }
}

/// The largest resident size that a process has had; nil when it is gone.
func peakMemoryBytes(of pid: pid_t) -> Int? {
    procText("/proc/\(pid)/status")?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        .flatMap { line in line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first }
        .flatMap { Int($0) }.map { $0 * 1024 }
}

/// Files of /proc have no size to go by.
private func procText(_ path: String) -> String? {
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

extension TestProject {
    /// Runs a shell command in the project's folder; throws when it fails.
    func shell(_ command: String) throws {
        guard system("cd '\(folder)' && { \(command)\n}") == 0 else {
            throw HarnessError("`\(command)` failed in \(folder)")
        }
    }

    /// Runs SQL on the store with python3's SQLite, not with the program's own.
    func changeStore(_ sql: String, at path: String = ".runs/runs.db") throws {
        try write(
            ".change.py",
            "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.close()\n")
        try shell("python3 .change.py '\(path)' \"\(sql)\"")
    }

    /// What `PRAGMA integrity_check` and `foreign_key_check` say of the store; "ok" when all is well.
    func integrity(of path: String = ".runs/runs.db") throws -> String {
        try write(
            ".check.py",
            """
            import sqlite3, sys
            c = sqlite3.connect(sys.argv[1])
            rows = [r[0] for r in c.execute('PRAGMA integrity_check')] + [str(r) for r in c.execute('PRAGMA foreign_key_check')]
            c.close()
            open('.check.txt', 'w').write('\\n'.join(rows))
            """)
        try shell("python3 .check.py '\(path)'")
        return read(".check.txt") ?? ""
    }
}
