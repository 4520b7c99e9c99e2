// The digest of one file's bytes. Knows reading and SHA-256; caches nothing.

import Glibc
import Model

import struct Crypto.SHA256

/// Feeds SHA-256 and hands out the model's digest.
struct Digester {
    private var hash = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }
    mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

    consuming func finish() -> Digest {
        guard let digest = Digest(bytes: hash.finalize()) else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }
}

/// Reads in chunks of this many bytes: large enough for the system call not to count, small enough for the cache.
private let chunkBytes = 1 << 18

/// The digest of what a descriptor reads to its end.
func digest(readingFrom descriptor: Int32, shownAs name: String) throws(WorkspaceFailure) -> (digest: Digest, bytes: Int64) {
    var digester = Digester()
    var total: Int64 = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 64)
    defer { buffer.deallocate() }
    while true {
        let count = read(descriptor, buffer.baseAddress, chunkBytes)
        if count == 0 { return (digester.finish(), total) }
        if count < 0 {
            if errno == EINTR { continue }
            throw WorkspaceFailure("'\(name)' cannot be read", errno: errno)
        }
        digester.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        total += Int64(count)
    }
}

/// Opens the file, checks that it is what `stat` said, and digests it; nil when it changed or vanished meanwhile.
///
/// - Parameter folder: an open folder that `path` is relative to, or AT_FDCWD.
func fileDigest(
    of path: UnsafePointer<CChar>, in folder: Int32, expecting stamp: FileStamp, shownAs name: String
) throws(WorkspaceFailure) -> Digest? {
    // Never waits for the writer of a fifo that took the file's place.
    let descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw WorkspaceFailure("'\(name)' cannot be read", errno: errno)
    }
    defer { close(descriptor) }
    var before = stat()
    guard fstat(descriptor, &before) == 0, FileStatus(before).stamp == stamp else { return nil }
    let result = try digest(readingFrom: descriptor, shownAs: name)
    var after = stat()
    guard fstat(descriptor, &after) == 0, FileStatus(after).stamp == stamp, result.bytes == stamp.sizeBytes else { return nil }
    return result.digest
}
