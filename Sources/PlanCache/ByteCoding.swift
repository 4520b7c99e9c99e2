// Encodes numbers and strings as bytes. Knows that bytes may be corrupt: every read checks and throws, none traps. Does
// not know what the values mean.

import Model

/// The bytes are corrupt.
struct Malformed: Error {}

struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: Int) {
        withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func write(_ number: Double) {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }
    mutating func write(_ digest: Digest) { bytes.append(contentsOf: digest.bytes) }

    mutating func write(_ text: String) {
        write(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(block: [UInt8]) {
        write(block.count)
        bytes.append(contentsOf: block)
    }

    mutating func write(_ numbers: [UInt32]) {
        write(numbers.count)
        numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Appends a checksum of everything written since that position.
    mutating func seal(from start: Int = 0) { write(checksum(of: bytes[start...])) }

    mutating func write<T>(_ value: T?, _ writeValue: (inout ByteWriter, T) -> Void) {
        write(value != nil)
        if let value { writeValue(&self, value) }
    }

    mutating func write<T>(each values: [T], _ writeValue: (inout ByteWriter, T) -> Void) {
        write(values.count)
        for value in values { writeValue(&self, value) }
    }
}

struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// - Throws: if the checksum does not match.
    init(sealed bytes: ArraySlice<UInt8>) throws(Malformed) {
        let content = bytes.dropLast(MemoryLayout<Int64>.size)
        var seal = ByteReader(bytes[content.endIndex...])
        guard try seal.integer() == checksum(of: content) else { throw Malformed() }
        self.init(content)
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func integer() throws(Malformed) -> Int {
        Int(truncatingIfNeeded: Int64(littleEndian: try trivial(Int64.self)))
    }

    mutating func double() throws(Malformed) -> Double {
        Double(bitPattern: UInt64(littleEndian: try trivial(UInt64.self)))
    }

    mutating func flag() throws(Malformed) -> Bool { try trivial(UInt8.self) != 0 }

    mutating func digest() throws(Malformed) -> Digest {
        guard let digest = Digest(bytes: try take(32)) else { throw Malformed() }
        return digest
    }

    mutating func text() throws(Malformed) -> String { String(decoding: try block(), as: UTF8.self) }

    /// Bytes preceded by their count.
    mutating func block() throws(Malformed) -> ArraySlice<UInt8> { try take(try integer()) }

    mutating func numbers() throws(Malformed) -> [UInt32] {
        let count = try integer()
        guard count >= 0, count <= bytes.endIndex - position else { throw Malformed() }
        let slice = try take(count * 4)
        return [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: slice)
            initialized = count
        }
    }

    mutating func optional<T>(_ read: (inout ByteReader) throws(Malformed) -> T) throws(Malformed) -> T? {
        try flag() ? try read(&self) : nil
    }

    mutating func list<T>(_ read: (inout ByteReader) throws(Malformed) -> T) throws(Malformed) -> [T] {
        let count = try integer()
        // Each takes at least one byte.
        guard count >= 0, count <= bytes.endIndex - position else { throw Malformed() }
        var values: [T] = []
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    private mutating func trivial<T: BitwiseCopyable>(_ type: T.Type) throws(Malformed) -> T {
        let size = MemoryLayout<T>.size
        guard bytes.endIndex - position >= size else { throw Malformed() }
        let offset = position - bytes.startIndex
        position += size
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.endIndex - position else { throw Malformed() }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
