// The supervisor (target CSupervisor) as an embedded program. It uses a hundredth of the memory of `runs`, so that it
// creates processes fast and measures small ones correctly. Knows how to put it into a file; does not start it.

import CLinux
import Glibc

/// The embedded supervisor.
public enum SupervisorProgram {
    /// Puts it into a file in memory, with close-on-exec. Execute `/proc/self/fd/NUMBER` and close it.
    ///
    /// - Parameter lowest: the lowest allowed descriptor.
    /// - Returns: nil if the system does not support such files.
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
