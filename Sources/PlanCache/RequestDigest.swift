// Identifies a request for a run: requests with the same digest have the same pipeline file and command line. Knows
// hashing; does not know what the request means.

import Model

import struct Crypto.SHA256

/// The digest of a request.
///
/// - Parameters:
///   - file: the content of the pipeline file.
///   - words: everything else that determines the stages and their selection.
public func requestDigest(ofPipeline file: [UInt8], words: [String]) -> Digest {
    var hasher = SHA256()
    hasher.update(data: file)
    var writer = ByteWriter()
    writer.write(file.count)
    writer.write(each: [programVersion] + words) { $0.write($1) }
    hasher.update(data: writer.bytes)
    return digest(hasher.finalize())
}

/// The digest of a file's content.
public func contentDigest(of bytes: [UInt8]) -> Digest { digest(SHA256.hash(data: bytes)) }

/// Detects accidental corruption; it does not protect from deliberate changes.
func checksum(of bytes: ArraySlice<UInt8>) -> Int {
    SHA256.hash(data: bytes).withUnsafeBytes { Int(truncatingIfNeeded: $0.loadUnaligned(as: Int64.self)) }
}

private func digest(_ hash: SHA256.Digest) -> Digest {
    guard let digest = Digest(bytes: hash) else { preconditionFailure("SHA-256 has 32 bytes") }
    return digest
}
