// What tests need that break things on purpose: the supervisor's process, SQLite beside the program, small file
// systems. Knows python3 and mount; does not know the program's modules.

import Glibc
import TestSupport

/// Whether this user may mount a file system in memory.
let canMountMemory =
    system("d=$(mktemp -d) && mount -t tmpfs tmpfs $d 2>/dev/null && umount $d; r=$?; rmdir $d; exit $r") == 0

extension ProcessSight {
    /// The supervisor that this `runs` started; nil where it has none (yet).
    static func supervisor(of pid: pid_t) -> ProcessSight? {
        all().first { $0.parent == pid && $0.name == "runs-supervisor" && !$0.isZombie }
    }
}

extension TestProject {
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
