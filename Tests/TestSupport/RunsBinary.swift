// The path of the program under test. Knows how SwiftPM lays out its products; does not know what the program does.

import Glibc

/// The built `runs`.
public enum RunsBinary {
    /// `RUNS_BINARY` where it is set, else `runs` beside the test bundle.
    public static func path() throws -> String {
        if let chosen = environmentVariable("RUNS_BINARY"), !chosen.isEmpty {
            guard access(chosen, X_OK) == 0 else {
                throw HarnessError("RUNS_BINARY is '\(chosen)', which is not a program that can be executed")
            }
            return try resolved(chosen)
        }
        let candidates = productFolders().map { $0 + "/runs" }
        if let found = candidates.first(where: { access($0, X_OK) == 0 }) { return try resolved(found) }
        throw HarnessError(
            "no built `runs` at \(candidates.joined(separator: " or ")); "
                + "run `swift build` first, or set RUNS_BINARY to its path")
    }

    /// The folder of the executable that runs the tests, and that of a test bundle named on its command line (where a
    /// helper of the toolchain loads the bundle).
    private static func productFolders() -> [String] {
        let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        var folders: [String] = []
        for path in bundles + [linkTarget("/proc/self/exe")].compactMap({ $0 }) {
            guard let slash = path.lastIndex(of: "/") else { continue }
            let folder = String(path[..<slash])
            if !folders.contains(folder) { folders.append(folder) }
        }
        return folders
    }

    /// Absolute: commands are started in other folders.
    private static func resolved(_ path: String) throws -> String {
        guard let whole = realpath(path, nil) else { throw HarnessError.system("cannot resolve \(path)") }
        defer { free(whole) }
        return String(cString: whole)
    }

    private static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink(path, bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
