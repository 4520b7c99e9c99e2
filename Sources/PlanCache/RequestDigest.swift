// What a request for a run is known by: two with one digest ask for the same, as far as the file and the command line say.

import Model

import struct Crypto.SHA256

/// - Parameters:
///   - file: the bytes of the pipeline file.
///   - words: everything else that decides which stages there are and which are meant.
public func requestDigest(ofPipeline file: [UInt8], words: [String]) -> Digest {
    var hasher = SHA256()
    hasher.update(data: file)
    var writer = ByteWriter()
    writer.write(file.count)
    writer.write(each: [programVersion] + words) { $0.write($1) }
    hasher.update(data: writer.bytes)
    return digest(hasher.finalize())
}

/// Of the bytes of a file.
public func contentDigest(of bytes: [UInt8]) -> Digest { digest(SHA256.hash(data: bytes)) }

/// By which bytes that were damaged are told from others: no protection from whoever means to change them.
func checksum(of bytes: ArraySlice<UInt8>) -> Int {
    SHA256.hash(data: bytes).withUnsafeBytes { Int(truncatingIfNeeded: $0.loadUnaligned(as: Int64.self)) }
}

private func digest(_ hash: SHA256.Digest) -> Digest {
    guard let digest = Digest(bytes: hash) else { preconditionFailure("SHA-256 has 32 bytes") }
    return digest
}
