// Standard output and standard error. Knows whether they are terminals, how wide, and that a closed pipe is not an
// error; does not know what is written.

import Glibc
import Model
import Report
import Synchronization

final class Terminal: Sendable {
    static let standardOutput = Terminal(descriptor: 1)
    static let standardError = Terminal(descriptor: 2)

    private let descriptor: Int32
    /// The errno of the first write that failed for another reason than a closed pipe.
    private let failedWith = Mutex<Int32?>(nil)

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Why a write failed; nil if none did, or the pipe was closed.
    var failure: String? { failedWith.withLock { $0 }.map { String(cString: strerror($0)) } }

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Colour only on a terminal, and never if `NO_COLOR` is set (no-color.org) or the terminal is dumb.
    var usesColor: Bool {
        isTerminal && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    }

    /// Columns and rows; nil if it is not a terminal.
    var size: (columns: Int, rows: Int)? {
        guard isTerminal else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    func writeLine(_ text: String) { write(text + "\n") }

    /// Writes untrusted text: to a terminal without control characters, elsewhere unchanged.
    @discardableResult
    func writeForeign(_ text: String) -> Bool { write(isTerminal ? sanitizedLines(text) : text) }

    /// Returns false if the text could not be written, for example because the pipe is closed.
    @discardableResult
    func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { write(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The same for bytes that may not be text.
    func write(bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                // A closed pipe or a closed stream is not an error.
                let number = errno
                if number != EPIPE && number != EBADF { failedWith.withLock { $0 = $0 ?? number } }
                return false
            }
        }
        return true
    }
}

/// A variable of this process's environment.
func variable(_ name: String) -> String? { getenv(name).map { systemText($0) } }

/// The whole environment of this process.
func callerEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let line = systemText(text)
        if let sign = line.firstIndex(of: "=") {
            result[String(line[..<sign])] = String(line[line.index(after: sign)...])
        }
        entry += 1
    }
    return result
}

private func systemText(_ text: UnsafePointer<CChar>) -> String {
    SystemText.text(of: UnsafeRawBufferPointer(start: text, count: strlen(text)))
}
