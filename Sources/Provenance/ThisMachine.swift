// Describes the machine that this program runs on: kernel, processors, memory. Knows /proc and system calls; does not
// know GPUs, which take longer to read.

import Glibc
import Model
import Programs

extension Machine {
    /// This machine, without GPUs.
    public static func this() -> Machine {
        var name = utsname()
        uname(&name)
        func text<T>(_ field: T) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return Machine(
            kernel: "\(text(name.sysname)) \(text(name.release))", cpuModel: cpuModel(readText("/proc/cpuinfo") ?? ""),
            cpuCount: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            memoryBytes: Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))))
    }

    /// - Parameter text: the content of /proc/cpuinfo. x86 calls the model `model name`, some others `Model`.
    static func cpuModel(_ text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].drop { $0.isWhitespace }.prefix { $0 != "\t" && $0 != ":" }
            guard name == "model name" || name == "Model" else { continue }
            let value = parts[1].drop { $0 == " " }
            return value.isEmpty ? nil : String(value)
        }
        return nil
    }
}
