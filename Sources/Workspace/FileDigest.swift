// Computes the digest of one file. Knows reading and SHA-256; does not cache anything.

import Glibc
import Model
import Synchronization

import struct Crypto.SHA256

struct KnownDigest: Hashable, Sendable {
    let digest: Digest
    /// Whether any change of the content will change the stamp, so that a later process may rely on it.
    let isTrusted: Bool
}

/// A digest and the stamp of its file or link.
struct KnownContent: Hashable, Sendable {
    let stamp: FileStamp
    let known: KnownDigest
}

/// SHA-256 with a result of the type `Digest`.
struct Digester {
    private var hash = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    consuming func finish() -> Digest {
        guard let digest = Digest(bytes: hash.finalize()) else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }
}

/// Stops reading files whose digests are no longer needed.
final class ReadingStop: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

/// The buffer that files are read into, one after the other.
final class ReadBuffer {
    /// Large enough to hide the cost of system calls, small enough for the processor's cache.
    static let largestBytes = 1 << 20

    fileprivate let bytes: UnsafeMutableRawBufferPointer
    fileprivate let stop: ReadingStop

    /// - Parameters:
    ///   - expectedBytes: the size of the largest file that will be read.
    ///   - stop: checked before each read.
    init(expectedBytes: Int64, stop: ReadingStop) {
        self.stop = stop
        // One byte more than the file, so that the first read detects the end.
        let size = Int(min(max(expectedBytes, 4095), Int64(Self.largestBytes - 1))) + 1
        bytes = .allocate(byteCount: size, alignment: 64)
    }

    deinit { bytes.deallocate() }
}

enum FileDigest {
    /// Opens the file, checks that it is still the one with this status, and digests it; nil if it changed or was
    /// deleted.
    ///
    /// - Parameter folder: the open folder that `name` is relative to, or AT_FDCWD.
    static func of(
        file name: UnsafePointer<CChar>, in folder: Int32, expecting stamp: FileStamp, through buffer: ReadBuffer,
        shownAs shown: @autoclosure () -> String
    ) throws(WorkspaceFailure) -> Digest? {
        // Does not block on a FIFO that replaced the file.
        let descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return nil }
            throw WorkspaceFailure("cannot read '\(shown())'", errno: errno)
        }
        defer { close(descriptor) }
        guard FileStatus.of(descriptor: descriptor)?.stamp == stamp else { return nil }
        if stamp.sizeBytes > ReadBuffer.largestBytes { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
        var digester = Digester()
        var total: Int64 = 0
        while true {
            if buffer.stop.isSet {
                throw WorkspaceFailure("'\(shown())' was not read completely because the run was stopped.")
            }
            let count = read(descriptor, buffer.bytes.baseAddress, buffer.bytes.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw WorkspaceFailure("cannot read '\(shown())'", errno: errno)
            }
            digester.update(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
            total += Int64(count)
        }
        guard total == stamp.sizeBytes, FileStatus.of(descriptor: descriptor)?.stamp == stamp else { return nil }
        return digester.finish()
    }

    /// The digest of a link's target path; nil if it changed or was deleted.
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
