// SHA-256 values. Knows how they are stored, compared and written; does not compute them (`Workspace` does for files,
// `Planner` for keys).

/// A SHA-256 value: 256 bits.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    @usableFromInline let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest with these 32 bytes; nil for any other number of bytes.
    @inlinable
    public init?(bytes: some Sequence<UInt8>) {
        // Without an array: digests are read by the hundred thousand.
        let lying = bytes.withContiguousStorageIfAvailable { Self.words(of: UnsafeRawBufferPointer($0)) }
        if let lying {
            guard let lying else { return nil }
            words = lying
            return
        }
        var packed: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var count = 0
        for byte in bytes {
            switch count >> 3 {
            case 0: packed.0 = packed.0 << 8 | UInt64(byte)
            case 1: packed.1 = packed.1 << 8 | UInt64(byte)
            case 2: packed.2 = packed.2 << 8 | UInt64(byte)
            case 3: packed.3 = packed.3 << 8 | UInt64(byte)
            default: return nil
            }
            count += 1
        }
        guard count == 32 else { return nil }
        words = packed
    }

    @usableFromInline
    static func words(of bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64, UInt64)? {
        guard bytes.count == 32 else { return nil }
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        return (word(0), word(1), word(2), word(3))
    }

    /// Parses 64 hexadecimal digits; nil for any other text.
    public init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(ofHex: digits[index]), let low = Self.value(ofHex: digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    /// The 32 bytes, most significant first.
    @inlinable
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(32)
        append(to: &result)
        return result
    }

    /// Appends the 32 bytes, most significant first.
    @inlinable
    public func append(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)) {
            bytes.append(contentsOf: $0)
        }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let alphabet = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(alphabet[Int(byte >> 4)])
            text.append(alphabet[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    public var description: String { hex }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }
    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }
    public func hash(into hasher: inout Hasher) {
        // The value is uniformly distributed already: one word of it is a good hash.
        hasher.combine(words.0)
    }

    private static func value(ofHex digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// What a digest was computed from.
public enum DigestKind: String, Sendable, Hashable, CaseIterable {
    /// The bytes of one file.
    case content
    /// The sorted manifest of a directory: relative path, type, executable bit, link target and digest of each entry.
    case tree
    /// Sizes and modification times instead of contents, for data too large to read.
    case metadata
}

/// The content of a path: the digest, what it was computed from, and the number of bytes.
public struct Fingerprint: Hashable, Sendable {
    public let kind: DigestKind
    public let digest: Digest
    /// Bytes of the file, or of all files of the directory.
    public let sizeBytes: Int64

    public init(kind: DigestKind, digest: Digest, sizeBytes: Int64) {
        self.kind = kind
        self.digest = digest
        self.sizeBytes = sizeBytes
    }
}
