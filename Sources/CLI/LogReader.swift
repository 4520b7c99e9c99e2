// Prints a log, and follows it while it grows. Knows that a stage may truncate or replace its log; does not know which
// stage it belongs to.

import Glibc
import Model
import Programs
import Report

/// Prints one log: raw to a file or a pipe, to a terminal without control sequences.
final class LogReader {
    private let path: String
    /// In messages.
    private let shownAs: String
    private var descriptor: Int32
    /// The start of a line that a terminal does not show before it is complete.
    private var line: [UInt8] = []
    private var position: Int64 = 0
    private let isTerminal = Terminal.standardOutput.isTerminal
    /// Whether the reader of standard output has closed it.
    private var isClosed = false

    init(path: String, shownAs: String) throws(Failure) {
        self.path = path
        self.shownAs = shownAs
        descriptor = try openLog(path, shownAs: shownAs)
    }

    func printAll() {
        while printMore() {}
        printRest()
    }

    deinit { close(descriptor) }

    /// Prints what is there, and what is added, until nothing can be added any more.
    func follow(while mayGrow: () throws -> Bool) throws {
        var isLast = false
        while true {
            if printMore() { continue }
            if isClosed { break }
            if startOver() { continue }
            if isLast { break }
            // Asked before the log is read once more, so that nothing is missed that was written meanwhile.
            isLast = try !mayGrow()
            if !isLast { usleep(100_000) }
        }
        printRest()
    }

    /// - Returns: whether something was printed.
    private func printMore() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return false }
        position += Int64(count)
        guard isTerminal else {
            isClosed = chunk.withUnsafeBytes {
                !Terminal.standardOutput.write(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            return !isClosed
        }
        line.append(contentsOf: chunk[..<count])
        while let end = line.firstIndex(of: 10) {
            Terminal.standardOutput.writeLine(sanitizedLogLine(String(decoding: line[..<end], as: UTF8.self)))
            line.removeSubrange(...end)
        }
        return true
    }

    /// Continues with the new contents of a log that was truncated or replaced, and says so.
    private func startOver() -> Bool {
        var (opened, named) = (stat(), stat())
        guard fstat(descriptor, &opened) == 0 else { return false }
        if Int64(opened.st_size) < position {
            lseek(descriptor, 0, SEEK_SET)
            report("was truncated")
            return true
        }
        guard lstat(path, &named) == 0, named.st_ino != opened.st_ino || named.st_dev != opened.st_dev else {
            return false
        }
        guard let replacement = try? StateFile.open(path, O_RDONLY) else { return false }
        close(descriptor)
        descriptor = replacement
        report("was replaced")
        return true
    }

    private func report(_ event: String) {
        printRest()
        position = 0
        Terminal.standardError.writeLine("note: log \(sanitized(shownAs)) \(event); continuing from its new start")
    }

    private func printRest() {
        if !line.isEmpty {
            Terminal.standardOutput.writeLine(sanitizedLogLine(String(decoding: line, as: UTF8.self)))
            line = []
        }
    }
}

/// Opens a log for reading. A FIFO or a link in the place of a log is not opened.
func openLog(_ path: String, shownAs name: String) throws(Failure) -> Int32 {
    do { return try StateFile.open(path, O_RDONLY) } catch {
        throw Failure(.store, "cannot read log \(name): \(error.reason)")
    }
}
