// The supervisor (target CSupervisor) as a program of its own, carried in this one. Started from a file in memory, its
// process has a hundredth of the memory that `runs` itself has, which is what creating processes cheaply and measuring
// small ones rightly takes. Knows how to put it into a file; does not start it.

import CLinux
import Glibc

public enum SupervisorProgram {
    /// A file in memory that holds it, to be executed as `/proc/self/fd/NUMBER` and closed; closed by exec.
    ///
    /// - Parameter lowest: the least number that the descriptor may have.
    /// - Returns: nil where the system has no such files.
    public static func open(lowest: Int32) -> Int32? {
        let file = clinux_program_in_memory("runs-supervisor")
        guard file >= 0 else { return nil }
        defer { close(file) }
        let program = bytes
        let written = program.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == program.count else { return nil }
        let descriptor = fcntl(file, F_DUPFD_CLOEXEC, lowest)
        return descriptor >= 0 ? descriptor : nil
    }

    private static var bytes: [UInt8] {
        hexadecimal.withUTF8Buffer { digits in
            stride(from: 0, to: digits.count, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
        }
    }

    private static func value(_ digit: UInt8) -> UInt8 {
        digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
    }
}
