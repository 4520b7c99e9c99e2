// What `stat` returned for a file, and the digest computed at that time. Knows no system calls.

/// The part of `stat` that changes when a file changes.
public struct FileStamp: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    public var sizeBytes: Int64
    /// Nanoseconds since 1970.
    public var modifiedNanoseconds: Int64
    /// Nanoseconds since 1970.
    public var changedNanoseconds: Int64

    public init(device: UInt64, inode: UInt64, sizeBytes: Int64, modifiedNanoseconds: Int64, changedNanoseconds: Int64)
    {
        self.device = device
        self.inode = inode
        self.sizeBytes = sizeBytes
        self.modifiedNanoseconds = modifiedNanoseconds
        self.changedNanoseconds = changedNanoseconds
    }
}

/// A digest that is valid while the stamp does not change.
public struct DigestCacheEntry: Hashable, Sendable {
    public var path: String
    public var mode: DigestMode
    public var stamp: FileStamp
    public var fingerprint: Fingerprint
    /// For a directory: the stamps and digests of its entries, in the encoding of `Workspace`.
    public var tree: [UInt8]?

    public init(path: String, mode: DigestMode, stamp: FileStamp, fingerprint: Fingerprint, tree: [UInt8]? = nil) {
        self.path = path
        self.mode = mode
        self.stamp = stamp
        self.fingerprint = fingerprint
        self.tree = tree
    }
}
