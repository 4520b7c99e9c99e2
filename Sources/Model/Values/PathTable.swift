// Many paths in one block of bytes, as they are stored and passed to the kernel: 100,000 paths are one array instead of
// 100,000 objects. Knows no files.

/// Paths by number, each ended by a zero byte. No path holds one.
public struct PathTable: Sendable {
    /// All paths, one after the other.
    public private(set) var bytes: [UInt8]
    /// Where each path begins.
    public private(set) var starts: [UInt32]

    public init() {
        bytes = []
        starts = []
    }

    /// The table with these bytes; nil if the last path is not terminated, or the number of paths differs.
    public init?(bytes: [UInt8], count: Int) {
        guard bytes.count < Int(UInt32.max), bytes.last ?? 0 == 0, 0...bytes.count ~= count else { return nil }
        self.bytes = bytes
        starts = []
        starts.reserveCapacity(count)
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0 {
            starts.append(UInt32(start))
            start = index + 1
        }
        guard starts.count == count else { return nil }
    }

    public var count: Int { starts.count }

    public mutating func append(_ path: String) {
        starts.append(UInt32(clamping: bytes.count))
        bytes.append(contentsOf: path.utf8)
        bytes.append(0)
    }

    /// The path with that number.
    public subscript(index: Int) -> String {
        let start = Int(starts[index])
        let end = index + 1 < starts.count ? Int(starts[index + 1]) : bytes.count
        return String(decoding: bytes[start..<end - 1], as: UTF8.self)
    }
}
