// What is known of the files in a folder, as bytes for the store. Names are not kept: a stamp says which file it is.
// Numbers are written as differences from the file before, seven bits a byte, since neighbours were made together.

import Model

enum FolderContents {
    private static let version: UInt8 = 1
    /// Bytes at the end that tell damage.
    private static let checkBytes = 8

    /// What may be trusted of it later.
    static func encoded(_ contents: [KnownContent]) -> [UInt8] {
        var bytes: [UInt8] = [version]
        bytes.reserveCapacity(contents.count * 56 + 16)
        var last = FileStamp(device: 0, inode: 0, sizeBytes: 0, modifiedNanoseconds: 0, changedNanoseconds: 0)
        func append(_ number: Int64) {
            // Small numbers of either sign are small.
            var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
            while rest > 0x7F {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }
        for content in contents where content.isTrusted {
            let stamp = content.stamp
            append(Int64(bitPattern: stamp.device &- last.device))
            append(Int64(bitPattern: stamp.inode &- last.inode))
            append(stamp.sizeBytes)
            append(stamp.modifiedNanoseconds &- last.modifiedNanoseconds)
            append(stamp.changedNanoseconds &- last.changedNanoseconds)
            bytes.append(contentsOf: content.digest.bytes)
            last = stamp
        }
        return bytes + check(bytes[...])
    }

    /// nil for bytes that are no encoding, or a damaged one: the folder is then read anew.
    static func decoded(_ bytes: [UInt8]) -> [KnownContent]? {
        let body = bytes.dropLast(checkBytes)
        guard body.first == version, bytes.suffix(checkBytes).elementsEqual(check(body)) else { return nil }
        return body.withUnsafeBufferPointer(contents)
    }

    private static func contents(_ body: UnsafeBufferPointer<UInt8>) -> [KnownContent]? {
        var contents: [KnownContent] = []
        contents.reserveCapacity(body.count / 48)
        var position = 1
        func number() -> Int64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard position < body.count else { return nil }
                let byte = body[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            }
            return nil
        }
        var stamp = FileStamp(device: 0, inode: 0, sizeBytes: 0, modifiedNanoseconds: 0, changedNanoseconds: 0)
        while position < body.count {
            guard let device = number(), let inode = number(), let size = number(), let modified = number(),
                let changed = number(), body.count - position >= 32,
                let digest = Digest(bytes: body[position..<position + 32])
            else { return nil }
            position += 32
            stamp = FileStamp(
                device: stamp.device &+ UInt64(bitPattern: device), inode: stamp.inode &+ UInt64(bitPattern: inode),
                sizeBytes: size, modifiedNanoseconds: stamp.modifiedNanoseconds &+ modified,
                changedNanoseconds: stamp.changedNanoseconds &+ changed)
            contents.append(KnownContent(stamp: stamp, digest: digest, isTrusted: true))
        }
        return contents
    }

    private static func check(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var digester = Digester()
        bytes.withUnsafeBytes { digester.update($0) }
        return digester.finish().bytes[..<checkBytes]
    }
}
