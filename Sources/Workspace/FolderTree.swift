// The manifest of a folder: all its entries, in the byte order of their paths. Stored flat, because a folder may have a
// hundred thousand files: all names in one array, entries of one folder together. Knows the manifest's digest; does not
// read anything (`FolderWalk` does).

import Glibc
import Model

struct FolderTree: Sendable {
    enum Kind: UInt8 {
        // d, f, x, l
        case folder = 0x64, file = 0x66, program = 0x78, link = 0x6C
        /// A FIFO, socket or device.
        case other = 0x6F
        /// Deleted in the meantime: as if it had never existed.
        case gone = 0x67
    }

    struct Node {
        fileprivate let nameStart: Int
        /// The number of its folder.
        fileprivate let folder: UInt32
        fileprivate let nameCount: UInt16
        fileprivate(set) var kind: Kind
        /// Whether it is a link that counts as what it leads to.
        fileprivate(set) var isFollowed: Bool
    }

    /// A listed folder. Folders are in the order of their paths.
    private struct Folder {
        /// Its node; -1 for the top.
        let node: Int
        let contents: Range<Int>
    }

    private(set) var nodes: [Node] = []
    /// By node.
    private(set) var stamps: [FileStamp] = []
    /// By node: the digest of a file's content or a link's target, if known.
    private var digests: [KnownDigest?] = []
    private var folders: [Folder] = []
    private var names: [UInt8] = []
    /// Whether the cached contents have everything in it, unchanged.
    private(set) var isAsKnown = false
    /// Whether it has no links and nothing was left out, so that every scope without own patterns has this manifest.
    private(set) var isPlain = true

    /// The size of all files in bytes.
    var sizeBytes: Int64 {
        nodes.indices.reduce(0) { isFile($1) ? $0 &+ stamps[$1].sizeBytes : $0 }
    }

    /// Nodes whose unknown digest is part of the manifest: links always, files in mode `content`.
    func unread(for mode: DigestMode) -> [Int] {
        nodes.indices.filter { digests[$0] == nil && (nodes[$0].kind == .link || isFile($0) && mode == .content) }
    }

    private func isFile(_ node: Int) -> Bool { nodes[node].kind == .file || nodes[node].kind == .program }

    /// The known digests of files and links, in the order of the nodes.
    var contents: some Sequence<KnownContent> {
        zip(stamps, digests).lazy.compactMap { stamp, digest in digest.map { KnownContent(stamp: stamp, known: $0) } }
    }

    /// Sets the known digest of a node.
    mutating func know(_ digest: KnownDigest, of node: Int) { digests[node] = digest }

    func withName<T, E: Error>(of node: Int, _ body: (UnsafePointer<CChar>) throws(E) -> T) throws(E) -> T {
        try names.withUnsafeBufferPointer { bytes throws(E) in
            // Not empty: a zero byte follows each name.
            let start = bytes.baseAddress.unsafelyUnwrapped + nodes[node].nameStart
            return try body(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
        }
    }

    private func name(of node: Int) -> ArraySlice<UInt8> {
        names[nodes[node].nameStart..<nodes[node].nameStart + Int(nodes[node].nameCount)]
    }

    /// The node of a node's folder; -1 for the top.
    func folder(of node: Int) -> Int { folders[Int(nodes[node].folder)].node }

    /// The relative path, for messages.
    func shownPath(of node: Int) -> String {
        chain(to: node).map { String(decoding: name(of: $0), as: UTF8.self) }.joined(separator: "/")
    }

    /// The nodes from the top to this one.
    func chain(to node: Int) -> [Int] {
        var chain: [Int] = []
        var index = node
        while index >= 0 {
            chain.append(index)
            index = folder(of: index)
        }
        return chain.reversed()
    }
}

// MARK: - Growing

extension FolderTree {
    /// Appends the entries of a folder as nodes. Folders must be appended in the order of their paths.
    mutating func append(_ listing: FolderListing, in folder: Int) -> Range<Int> {
        let contents = nodes.count..<nodes.count + listing.entries.count
        for entry in listing.entries {
            let kind: Kind =
                switch entry.kind {
                case .folder: .folder
                case .file: .file
                case .link: .link
                case .other: .other
                }
            nodes.append(
                Node(
                    nameStart: names.count + entry.nameStart, folder: UInt32(folders.count), nameCount: entry.nameCount,
                    kind: kind, isFollowed: entry.isFollowed))
            if kind == .link || entry.isFollowed { isPlain = false }
        }
        if listing.hasOmissions { isPlain = false }
        names.append(contentsOf: listing.names)
        folders.append(Folder(node: folder, contents: contents))
        return contents
    }

    /// Appends the results of `stat` for the next nodes; nil if deleted.
    ///
    /// - Returns: false if an entry has another type than it was listed with.
    mutating func take(_ statuses: [FileStatus?]) -> Bool {
        for status in statuses {
            let node = stamps.count
            stamps.append(status?.stamp ?? .nothing)
            switch (nodes[node].kind, status?.kind) {
            case (.folder, .folder), (.link, .link): break
            case (.file, .file): if status?.isExecutable == true { nodes[node].kind = .program }
            case (.folder, _): return false
            case (_, nil) where nodes[node].isFollowed: return false
            case (_, nil): nodes[node].kind = .gone
            default: return false
            }
        }
        digests.append(contentsOf: repeatElement(nil, count: statuses.count))
        return true
    }

    /// Lets a followed link to a folder, which has no contents yet, count by the path that it holds.
    mutating func cut(_ node: Int, _ link: FileStatus) {
        nodes[node].kind = .link
        nodes[node].isFollowed = false
        stamps[node] = link.stamp
    }

    /// Reuses the digests of files and links with an unchanged stamp, wherever they are now.
    mutating func adopt(_ known: FolderContents) {
        // Usually nothing has changed and both are in the same order.
        var expected = known.makeIterator()
        var next = expected.next()
        var moved: [FileIdentity: KnownContent]?
        var isAsKnown = true
        for node in nodes.indices where isFile(node) || nodes[node].kind == .link {
            let stamp = stamps[node]
            if let content = next, content.stamp.identity == stamp.identity {
                if content.stamp == stamp { digests[node] = content.known } else { isAsKnown = false }
                next = expected.next()
                continue
            }
            let contents =
                moved ?? Dictionary(known.map { ($0.stamp.identity, $0) }, uniquingKeysWith: { first, _ in first })
            moved = contents
            if let content = contents[stamp.identity], content.stamp == stamp {
                digests[node] = content.known
            } else {
                isAsKnown = false
            }
        }
        self.isAsKnown = isAsKnown
    }
}

extension FolderTree {
    /// What represents a file in the manifest.
    enum Facts {
        /// The digest of its content.
        case digest
        /// Size and modification time.
        case metadata
        /// The whole stamp, also of links.
        case stamp
    }

    /// The digest of the canonical manifest: a version byte, then for each node its type, its path preceded by the
    /// length, and what represents its content. nil if a needed digest is unknown.
    func manifestDigest(of facts: Facts) -> Digest? {
        var digester = Digester()
        var bytes: [UInt8] = [1]
        func append(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        let isComplete = visit { index, path in
            let (kind, stamp) = (nodes[index].kind, stamps[index])
            bytes.append(kind.rawValue)
            append(Int64(path.count))
            bytes.append(contentsOf: path)
            switch (kind, facts) {
            case (.folder, _): break
            case (.file, .metadata), (.program, .metadata):
                append(stamp.sizeBytes)
                append(stamp.modifiedNanoseconds)
            case (_, .stamp):
                append(Int64(bitPattern: stamp.device))
                append(Int64(bitPattern: stamp.inode))
                append(stamp.sizeBytes)
                append(stamp.modifiedNanoseconds)
                append(stamp.changedNanoseconds)
            case (_, .digest), (_, .metadata):
                guard let known = digests[index] else { return false }
                known.digest.append(to: &bytes)
            }
            if bytes.count > 1 << 16 {
                bytes.withUnsafeBytes { digester.update($0) }
                bytes.removeAll(keepingCapacity: true)
            }
            return true
        }
        guard isComplete else { return nil }
        bytes.withUnsafeBytes { digester.update($0) }
        return digester.finish()
    }

    /// Passes every entry with its path, in the order of the paths, until the closure returns false.
    ///
    /// - Returns: whether it never did.
    func visit(_ body: (_ node: Int, _ path: [UInt8]) -> Bool) -> Bool {
        var path: [UInt8] = []
        // The enclosing folders: the remaining entries of each, and the length of its path.
        var inside: [(ahead: Range<Int>, length: Int)] = []
        var listed = folders.makeIterator()
        if let top = listed.next() { inside.append((top.contents, 0)) }
        while let (ahead, length) = inside.last {
            guard let index = ahead.first else {
                inside.removeLast()
                continue
            }
            inside[inside.count - 1].ahead = ahead.dropFirst()
            if nodes[index].kind == .gone { continue }
            path.removeSubrange(length...)
            path.append(contentsOf: name(of: index))
            guard body(index, path) else { return false }
            guard nodes[index].kind == .folder else { continue }
            path.append(UInt8(ascii: "/"))
            if let folder = listed.next() { inside.append((folder.contents, path.count)) }
        }
        return true
    }
}
