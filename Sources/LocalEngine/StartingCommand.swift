// Why a command could not be started, in words. Knows errors of the kernel and looks at files; starts nothing.

import EngineAPI
import Glibc

/// A command between its submission and its start.
struct StartingCommand: Sendable {
    private let program: String
    private let workingDirectory: String
    private let path: String?

    init(_ launch: Launch) {
        program = launch.plainWords?.first ?? launch.arguments.first ?? ""
        workingDirectory = launch.workingDirectory
        path = launch.environment.first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) }
    }

    /// - Parameters:
    ///   - step: what failed, as the supervisor reports it.
    ///   - number: the error number.
    func failure(step: String, number: Int32) -> String? {
        switch (step, number) {
        case ("chdir", _): "its working directory '\(workingDirectory)' cannot be entered: \(text(number))"
        case ("open log", ELOOP), ("open log", ENXIO), ("open log", EISDIR):
            "its log cannot be written: a link, or something that is not a regular file, lies in its place"
        case ("exec", ENOENT), ("exec", ENOTDIR): notFound
        case ("exec", EACCES): denied
        case ("exec", ENOEXEC): "\(program): it is neither a program for this machine nor a script"
        case ("exec", E2BIG): "\(program): its words and variables are too long for Linux"
        case ("exec", _): "\(program): \(text(number))"
        default: nil
        }
    }

    private func text(_ number: Int32) -> String { String(cString: strerror(number)) }

    private var notFound: String {
        if let file, let interpreter = interpreter(of: file) {
            return "\(program): the program in its first line, '\(interpreter)', does not exist"
        }
        // A program for another C library has a loader that does not exist.
        if let file { return "\(program): the loader or a library of '\(file)' does not exist" }
        return program.contains("/") ? "\(program): no such file" : "\(program): command not found"
    }

    private var denied: String {
        guard let file else { return "\(program): permission denied" }
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return "\(program): is a folder" }
        if access(file, X_OK) != 0 {
            return "\(program): permission denied: the file is not executable (chmod +x)"
        }
        if let interpreter = interpreter(of: file) {
            return "\(program): the program in its first line, '\(interpreter)', is not executable"
        }
        return "\(program): permission denied"
    }

    /// The file that would be executed, if it exists.
    private var file: String? {
        if program.contains("/") {
            let full = program.hasPrefix("/") ? program : "\(workingDirectory)/\(program)"
            return access(full, F_OK) == 0 ? full : nil
        }
        let folders = (path ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return folders.lazy.map { folder in
            // An empty entry is the working directory.
            let place = folder.isEmpty ? "." : String(folder)
            return place.hasPrefix("/") ? "\(place)/\(program)" : "\(workingDirectory)/\(place)/\(program)"
        }.first { access($0, F_OK) == 0 }
    }

    /// What the first line of a script names.
    private func interpreter(of file: String) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 2, bytes.starts(with: Array("#!".utf8)) else { return nil }
        let line = bytes[2..<count].prefix { $0 != 10 }
        let word = line.drop { $0 == 32 || $0 == 9 }.prefix { $0 != 32 && $0 != 9 }
        // Windows' line ends are part of the name.
        return String(decoding: word, as: UTF8.self).replacing("\r", with: "\\r")
    }
}
