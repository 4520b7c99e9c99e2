// A folder as a manifest of all that it holds, in the order of the paths' bytes. Reads nothing: `FolderWalk` makes it.
// Flat, for folders have a hundred thousand files: names are one text, and what lies in one folder stands together.

import Glibc
import Model

struct FolderTree: Sendable {
    enum Kind: UInt8 {
        // d, f, x, l
        case folder = 0x64, file = 0x66, program = 0x78, link = 0x6C
        /// A fifo, socket or device.
        case other = 0x6F
        /// It vanished between listing and looking: as if it had never been there.
        case gone = 0x67
    }

    struct Node {
        fileprivate let nameStart: Int
        /// The number of the folder that it lies in.
        fileprivate let folder: UInt32
        fileprivate let nameCount: UInt16
        fileprivate(set) var kind: Kind
    }

    /// A folder that was listed. They stand in the order of their paths.
    private struct Folder {
        /// Its own node; -1 for the top.
        let node: Int
        let contents: Range<Int>
    }

    private(set) var nodes: [Node] = []
    /// Of each node.
    private(set) var stamps: [FileStamp] = []
    /// Of each node: what is known of a file's bytes or of a link's target.
    private var digests: [KnownDigest?] = []
    private var folders: [Folder] = []
    private var names: [UInt8] = []
    /// Whether what was known before is exactly what is known now.
    private(set) var isAsKnown = false

    /// Bytes of all files.
    var sizeBytes: Int64 {
        nodes.indices.reduce(0) { isFile($1) ? $0 &+ stamps[$1].sizeBytes : $0 }
    }

    /// Nodes whose digest is not known but stands in the manifest: of links always, of files for contents.
    func unread(for mode: DigestMode) -> [Int] {
        nodes.indices.filter { digests[$0] == nil && (nodes[$0].kind == .link || isFile($0) && mode == .content) }
    }

    private func isFile(_ node: Int) -> Bool { nodes[node].kind == .file || nodes[node].kind == .program }

    /// What is known of files and links, in the order of the nodes.
    var contents: some Sequence<KnownContent> {
        zip(stamps, digests).lazy.compactMap { stamp, digest in digest.map { KnownContent(stamp: stamp, known: $0) } }
    }

    /// What is known of a node, from now on.
    mutating func know(_ digest: KnownDigest, of node: Int) { digests[node] = digest }

    func withName<T, E: Error>(of node: Int, _ body: (UnsafePointer<CChar>) throws(E) -> T) throws(E) -> T {
        try names.withUnsafeBufferPointer { bytes throws(E) in
            // Each name is followed by its zero byte, so there are bytes.
            let start = bytes.baseAddress.unsafelyUnwrapped + nodes[node].nameStart
            return try body(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
        }
    }

    private func name(of node: Int) -> ArraySlice<UInt8> {
        names[nodes[node].nameStart..<nodes[node].nameStart + Int(nodes[node].nameCount)]
    }

    /// The node of the folder that a node lies in; -1 for the top.
    func folder(of node: Int) -> Int { folders[Int(nodes[node].folder)].node }

    /// The relative path, for messages.
    func shownPath(of node: Int) -> String {
        chain(to: node).map { String(decoding: name(of: $0), as: UTF8.self) }.joined(separator: "/")
    }

    /// The nodes from the top down to this one.
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
    /// What lies in a folder, as new nodes. Folders come in the order of their paths.
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
                    kind: kind))
        }
        names.append(contentsOf: listing.names)
        folders.append(Folder(node: folder, contents: contents))
        return contents
    }

    /// What stat says of the next nodes that it was not known of; nil: it is gone.
    ///
    /// - Returns: false where something is of another kind than it was.
    mutating func take(_ statuses: [FileStatus?]) -> Bool {
        for status in statuses {
            let node = stamps.count
            stamps.append(status?.stamp ?? .nothing)
            switch (nodes[node].kind, status?.kind) {
            case (.folder, .folder), (.link, .link): break
            case (.file, .file): if status?.isExecutable == true { nodes[node].kind = .program }
            case (.folder, _): return false
            case (_, nil): nodes[node].kind = .gone
            default: return false
            }
        }
        digests.append(contentsOf: repeatElement(nil, count: statuses.count))
        return true
    }

    /// Takes over digests of files and links whose stamp is still the same, wherever they lie now.
    mutating func adopt(_ known: FolderContents) {
        // Mostly nothing has changed, and the next one known is the next one found.
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
            isAsKnown = false
            let contents =
                moved ?? Dictionary(known.map { ($0.stamp.identity, $0) }, uniquingKeysWith: { first, _ in first })
            moved = contents
            if let content = contents[stamp.identity], content.stamp == stamp { digests[node] = content.known }
        }
        self.isAsKnown = isAsKnown && next == nil
    }
}

extension FolderTree {
    /// What stands for a file in the manifest.
    enum Facts {
        /// The digest of its bytes.
        case digest
        /// Size and time of modification.
        case metadata
        /// Everything that stat says, also of links.
        case stamp
    }

    /// The digest of the canonical manifest: a version byte, then for each node its type, its path with the length
    /// before it, and what stands for its content. nil where a digest is needed that is not known.
    func manifestDigest(of facts: Facts) -> Digest? {
        var digester = Digester()
        var bytes: [UInt8] = [1]
        var path: [UInt8] = []
        // Folders that the path is inside of: what lies ahead in each, and the length of the path up to it.
        var inside: [(ahead: Range<Int>, length: Int)] = []
        var listed = folders.makeIterator()
        if let top = listed.next() { inside.append((top.contents, 0)) }
        func append(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        while let (ahead, length) = inside.last {
            guard let index = ahead.first else {
                inside.removeLast()
                continue
            }
            inside[inside.count - 1].ahead = ahead.dropFirst()
            let (kind, stamp) = (nodes[index].kind, stamps[index])
            if kind == .gone { continue }
            path.removeSubrange(length...)
            path.append(contentsOf: name(of: index))
            bytes.append(kind.rawValue)
            append(Int64(path.count))
            bytes.append(contentsOf: path)
            switch (kind, facts) {
            case (.folder, _):
                path.append(UInt8(ascii: "/"))
                if let folder = listed.next() { inside.append((folder.contents, path.count)) }
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
                guard let known = digests[index] else { return nil }
                known.digest.append(to: &bytes)
            }
            if bytes.count > 1 << 16 {
                bytes.withUnsafeBytes { digester.update($0) }
                bytes.removeAll(keepingCapacity: true)
            }
        }
        bytes.withUnsafeBytes { digester.update($0) }
        return digester.finish()
    }
}
