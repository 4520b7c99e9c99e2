// What the hook in Python stages (Python/sitecustomize.py) writes while modules are imported. Knows the format; does not
// know which of the files are inputs.

import Glibc
import Model

/// The files that Python has noted, and what they looked like before they were executed.
struct ImportNotes: Sendable {
    /// Python ran with the hook.
    private(set) var isAlive = false
    /// By path, relative to the pipeline's folder.
    private(set) var stamps: [String: FileStamp] = [:]
    /// Those that processes of the stage found in different states.
    private(set) var inconsistent = Set<String>()
    /// The beginning of a line whose end was not read yet.
    private var partial: [UInt8] = []

    /// Reads a file that the processes of a stage appended to; nothing where there is none.
    init(readingFile path: String) {
        guard let (descriptor, status) = try? openReportFile(path) else { return }
        let size = status.st_size
        defer { close(descriptor) }
        var piece = [UInt8](repeating: 0, count: Int(min(size, 1 << 20)))
        var offset: off_t = 0
        while offset < size {
            let count = pread(descriptor, &piece, piece.count, offset)
            guard count > 0 else { break }
            offset += off_t(count)
            take(piece[..<count])
        }
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        partial += bytes
        var start = partial.startIndex
        while let end = partial[start...].firstIndex(of: UInt8(ascii: "\n")) {
            take(line: partial[start..<end])
            start = end + 1
        }
        partial.removeSubrange(..<start)
        // No path is that long: it was not written by the hook.
        if partial.count > 1 << 16 { partial = [] }
    }

    /// `DEVICE INODE SIZE MTIME CTIME PATH`, or `runs 1`. Anything else was not written by the hook.
    private mutating func take(line: ArraySlice<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: false)
        if fields.count == 2, fields[0].elementsEqual("runs".utf8) {
            isAlive = true
            return
        }
        let numbers = fields.prefix(5).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 5, fields.count == 6, let path = String(validating: unescaped(fields[5]), as: UTF8.self)
        else { return }
        let stamp = FileStamp(
            device: UInt64(bitPattern: numbers[0]), inode: UInt64(bitPattern: numbers[1]), sizeBytes: numbers[2],
            modifiedNanoseconds: numbers[3], changedNanoseconds: numbers[4])
        if let first = stamps[path], first != stamp { inconsistent.insert(path) } else { stamps[path] = stamp }
    }

    private func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "\\")) else { return Array(bytes) }
        var result: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                result.append(byte == UInt8(ascii: "n") ? UInt8(ascii: "\n") : byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                result.append(byte)
            }
        }
        return result
    }
}
