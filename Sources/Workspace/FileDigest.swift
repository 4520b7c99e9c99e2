// The digest of one file's bytes. Knows reading and SHA-256; caches nothing.

import Glibc
import Model
import Synchronization

import struct Crypto.SHA256

struct KnownDigest: Hashable, Sendable {
    let digest: Digest
    /// Whether the stamp will change with the content, so that a later process may rely on it.
    let isTrusted: Bool
}

/// A digest, and the stamp of the file or link that it was taken of.
struct KnownContent: Hashable, Sendable {
    let stamp: FileStamp
    let known: KnownDigest
}

/// Feeds SHA-256 and hands out the model's digest.
struct Digester {
    private var hash = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    consuming func finish() -> Digest {
        guard let digest = Digest(bytes: hash.finalize()) else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }
}

/// Ends the reading of files that nobody waits for any more.
final class ReadingStop: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

/// What files are read into, one after the other.
final class ReadBuffer {
    /// Large enough for the system call not to count, small enough for the processor's cache.
    static let largestBytes = 1 << 20

    fileprivate let bytes: UnsafeMutableRawBufferPointer
    fileprivate let stop: ReadingStop

    /// - Parameters:
    ///   - expectedBytes: of the largest file that will be read.
    ///   - stop: is looked at before each piece.
    init(expectedBytes: Int64, stop: ReadingStop) {
        self.stop = stop
        // One byte more than the file, so that the first read finds its end.
        let size = Int(min(max(expectedBytes, 4095), Int64(Self.largestBytes - 1))) + 1
        bytes = .allocate(byteCount: size, alignment: 64)
    }

    deinit { bytes.deallocate() }
}

enum FileDigest {
    /// Opens the file, checks that it is what `stat` said, and digests it; nil when it changed or vanished meanwhile.
    ///
    /// - Parameter folder: an open folder that `name` is relative to, or AT_FDCWD.
    static func of(
        file name: UnsafePointer<CChar>, in folder: Int32, expecting stamp: FileStamp, through buffer: ReadBuffer,
        shownAs shown: @autoclosure () -> String
    ) throws(WorkspaceFailure) -> Digest? {
        // Never waits for the writer of a fifo that took the file's place.
        let descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return nil }
            throw WorkspaceFailure("'\(shown())' cannot be read", errno: errno)
        }
        defer { close(descriptor) }
        guard FileStatus.of(descriptor: descriptor)?.stamp == stamp else { return nil }
        if stamp.sizeBytes > ReadBuffer.largestBytes { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
        var digester = Digester()
        var total: Int64 = 0
        while true {
            if buffer.stop.isSet {
                throw WorkspaceFailure("'\(shown())' was not read to its end: the run was stopped.")
            }
            let count = read(descriptor, buffer.bytes.baseAddress, buffer.bytes.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw WorkspaceFailure("'\(shown())' cannot be read", errno: errno)
            }
            digester.update(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
            total += Int64(count)
        }
        guard total == stamp.sizeBytes, FileStatus.of(descriptor: descriptor)?.stamp == stamp else { return nil }
        return digester.finish()
    }

    /// The digest of where a link leads; nil when it changed or vanished meanwhile.
    static func of(link name: UnsafePointer<CChar>, in folder: Int32, expecting stamp: FileStamp) -> Digest? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let target = buffer.baseAddress else { return nil }
            let length = readlinkat(folder, name, target, buffer.count)
            guard length >= 0, FileStatus.of(name, in: folder)?.stamp == stamp else { return nil }
            var digester = Digester()
            digester.update(UnsafeRawBufferPointer(start: target, count: length))
            return digester.finish()
        }
    }
}
