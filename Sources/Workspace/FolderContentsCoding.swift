// What is known of the files in a folder, as bytes for the store. Names are not kept: a stamp says which file it is.
// Numbers are written as differences from the file before, seven bits a byte, since neighbours were made together. It
// stays bytes while nobody looks at a single file, for there may be a hundred thousand.

import Model

/// Stamps and digests that may be trusted later, in the order in which they were found.
struct FolderContents: Hashable, Sendable {
    private static let version: UInt8 = 1
    /// Bytes at the end that tell damage.
    private static let checkBytes = 8

    /// For the store.
    let encoded: [UInt8]

    /// What may be trusted of it.
    init(_ contents: some Sequence<KnownContent>) {
        var bytes: [UInt8] = [Self.version]
        var last = FileStamp.nothing
        func append(_ number: Int64) {
            // Small numbers of either sign are small.
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

    /// nil for bytes that are no encoding, or a damaged one: the folder is then read anew.
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
