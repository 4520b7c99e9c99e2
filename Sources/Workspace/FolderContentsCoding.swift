// Encodes the known digests of the files in a folder for the store. Names are omitted: the stamp identifies a file.
// Numbers are differences from the previous file, seven bits per byte, because neighbouring files are similar. Knows
// the encoding; does not know the store.

import Model

/// Stamps and digests that may be trusted later, in the order of the walk.
struct FolderContents: Hashable, Sendable {
    private static let version: UInt8 = 1
    /// The length of the checksum at the end.
    private static let checkBytes = 8

    /// The encoding for the store.
    let encoded: [UInt8]

    /// The entries that may be trusted.
    init(_ contents: some Sequence<KnownContent>) {
        var bytes: [UInt8] = [Self.version]
        var last = FileStamp.nothing
        func append(_ number: Int64) {
            // Zigzag encoding: small numbers of either sign are short.
            var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
            while rest > 0x7F {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }
        for content in contents where content.known.isTrusted {
            let stamp = content.stamp
            append(Int64(bitPattern: stamp.device &- last.device))
            append(Int64(bitPattern: stamp.inode &- last.inode))
            append(stamp.sizeBytes)
            append(stamp.modifiedNanoseconds &- last.modifiedNanoseconds)
            append(stamp.changedNanoseconds &- last.changedNanoseconds)
            content.known.digest.append(to: &bytes)
            last = stamp
        }
        encoded = bytes + Self.check(bytes[...])
    }

    /// nil if the bytes are corrupt; the folder is then read again.
    init?(encoded: [UInt8]) {
        let body = encoded.dropLast(Self.checkBytes)
        guard body.first == Self.version, encoded.suffix(Self.checkBytes).elementsEqual(Self.check(body)) else {
            return nil
        }
        self.encoded = encoded
    }

    private static func check(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var digester = Digester()
        bytes.withUnsafeBytes { digester.update($0) }
        return digester.finish().bytes[..<checkBytes]
    }
}

extension FolderContents: Sequence {
    struct Iterator: IteratorProtocol {
        fileprivate let body: ArraySlice<UInt8>
        fileprivate var position: Int
        private var last = FileStamp.nothing

        fileprivate init(_ body: ArraySlice<UInt8>) {
            self.body = body
            position = body.startIndex
        }

        mutating func next() -> KnownContent? {
            guard let device = number(), let inode = number(), let size = number(), let modified = number(),
                let changed = number(), body.endIndex - position >= 32,
                let digest = Digest(bytes: body[position..<position + 32])
            else { return nil }
            position += 32
            last = FileStamp(
                device: last.device &+ UInt64(bitPattern: device), inode: last.inode &+ UInt64(bitPattern: inode),
                sizeBytes: size, modifiedNanoseconds: last.modifiedNanoseconds &+ modified,
                changedNanoseconds: last.changedNanoseconds &+ changed)
            return KnownContent(stamp: last, known: KnownDigest(digest: digest, isTrusted: true))
        }

        private mutating func number() -> Int64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard position < body.endIndex else { return nil }
                let byte = body[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            }
            return nil
        }
    }

    func makeIterator() -> Iterator { Iterator(encoded.dropFirst().dropLast(Self.checkBytes)) }
}
