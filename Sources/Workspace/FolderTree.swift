// A folder as a manifest of all that it holds, in the order of the paths' bytes. Walks and stats; reads no file.

import Glibc
import Model

struct FolderTree {
    enum Kind: UInt8 { case folder = 0x64, file = 0x66, program = 0x78, link = 0x6C }  // d, f, x, l

    struct Node {
        let kind: Kind
        /// The node of the folder that it lies in; -1 for the top.
        let parent: Int
        let nameStart: Int
        let nameCount: Int
        let stamp: FileStamp
        /// Of a file's bytes or of a link's target; nil until it is known.
        var content: KnownContent?
    }

    var nodes: [Node] = []
    private var names: [UInt8] = []

    /// Bytes of all files.
    var sizeBytes: Int64 {
        nodes.reduce(0) { $1.kind == .file || $1.kind == .program ? $0 &+ $1.stamp.sizeBytes : $0 }
    }

    /// Nodes whose digest is not known but stands in the manifest: of links always, of files for contents.
    func unread(for mode: DigestMode) -> [Int] {
        nodes.indices.filter { index in
            guard nodes[index].content == nil else { return false }
            return nodes[index].kind == .link || nodes[index].kind != .folder && mode == .content
        }
    }

    /// What is known of files and links, in order.
    var contents: [KnownContent] { nodes.compactMap(\.content) }

    private mutating func append(
        _ entry: FolderListing.Entry, of listing: FolderListing, _ kind: Kind, in parent: Int
    ) {
        nodes.append(
            Node(
                kind: kind, parent: parent, nameStart: names.count, nameCount: entry.nameCount,
                stamp: entry.status.stamp))
        names.append(contentsOf: listing.name(of: entry))
        names.append(0)
    }

    func withName<T, E: Error>(of node: Int, _ body: (UnsafePointer<CChar>) throws(E) -> T) throws(E) -> T {
        try names.withUnsafeBufferPointer { bytes throws(E) in
            // Each name is followed by its zero byte, so there are bytes.
            let start = bytes.baseAddress.unsafelyUnwrapped + nodes[node].nameStart
            return try body(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
        }
    }

    /// The relative path, for messages.
    func shownPath(of node: Int) -> String {
        var parts: [String] = []
        var index = node
        while index >= 0 {
            let start = nodes[index].nameStart
            parts.append(String(decoding: names[start..<start + nodes[index].nameCount], as: UTF8.self))
            index = nodes[index].parent
        }
        return parts.reversed().joined(separator: "/")
    }

    /// The nodes from the top down to this one.
    func chain(to node: Int) -> [Int] {
        var chain: [Int] = []
        var index = node
        while index >= 0 {
            chain.append(index)
            index = nodes[index].parent
        }
        return chain.reversed()
    }
}

extension FolderTree {
    /// Everything in the folder, stat'ed; links inside are not followed.
    ///
    /// - Parameter excluded: the name of the program's own folder, which is left out at every depth.
    /// - Returns: nil where folders were moved or replaced during the walk.
    static func walk(
        _ full: String, shownAs shown: String, excluding excluded: [UInt8]
    ) throws(WorkspaceFailure) -> FolderTree? {
        let top = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw WorkspaceFailure("the folder '\(shown)' cannot be read", errno: errno)
        }
        var descent = Descent(top)
        var tree = FolderTree()
        // Folders that the walk is inside of, with how far it got in each.
        var open: [(listing: FolderListing, next: Int, node: Int)] = []

        func failure(_ node: Int, _ number: Int32) -> WorkspaceFailure {
            let path = node < 0 ? shown : "\(shown)/\(tree.shownPath(of: node))"
            return WorkspaceFailure("the folder '\(path)' cannot be read", errno: number)
        }
        guard let listing = FolderListing(descriptor: descent.descriptor, excluding: excluded) else {
            throw failure(-1, errno)
        }
        open.append((listing, 0, -1))
        while let folder = open.indices.last {
            guard open[folder].next < open[folder].listing.entries.count else {
                open.removeLast()
                guard open.isEmpty || descent.leave() else { return nil }
                continue
            }
            let entry = open[folder].listing.entries[open[folder].next]
            open[folder].next += 1
            let kind: Kind =
                switch entry.status.kind {
                case .folder: .folder
                case .link: .link
                case .file, .other: entry.status.isExecutable ? .program : .file
                }
            tree.append(entry, of: open[folder].listing, kind, in: open[folder].node)
            let node = tree.nodes.count - 1
            if entry.status.kind == .other {
                throw WorkspaceFailure(
                    "'\(shown)/\(tree.shownPath(of: node))' is neither file, folder nor link (a fifo, socket or "
                        + "device) and cannot be digested. Remove it from the folder.")
            }
            guard kind == .folder else { continue }
            let problem = tree.withName(of: node) { descent.enter($0) }
            if problem == ENOENT || problem == ENOTDIR || problem == ELOOP { return nil }
            guard problem == 0 else { throw failure(node, problem) }
            guard let inner = FolderListing(descriptor: descent.descriptor, excluding: excluded) else {
                throw failure(node, errno)
            }
            open.append((inner, 0, node))
        }
        return tree
    }

    /// Takes over digests of files and links whose stamp is still the same, wherever they lie now.
    mutating func adopt(_ known: [KnownContent]) {
        // Mostly nothing has changed, and the next one known is the next one found.
        var next = 0
        var places: [FileIdentity: Int]?
        for index in nodes.indices where nodes[index].kind != .folder {
            let stamp = nodes[index].stamp
            if next >= known.count || known[next].stamp != stamp {
                let lookup = places ?? Dictionary(
                    zip(known.map(\.stamp.identity), known.indices), uniquingKeysWith: { first, _ in first })
                places = lookup
                guard let place = lookup[stamp.identity], known[place].stamp == stamp else { continue }
                next = place
            }
            nodes[index].content = known[next]
            next += 1
        }
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
        // Folders that the path is inside of, and the length of the path up to each.
        var folders: [(node: Int, length: Int)] = []
        func append(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        for (index, node) in nodes.enumerated() {
            while let last = folders.last, last.node != node.parent { folders.removeLast() }
            path.removeSubrange((folders.last?.length ?? 0)...)
            path.append(contentsOf: names[node.nameStart..<node.nameStart + node.nameCount])
            bytes.append(node.kind.rawValue)
            append(Int64(path.count))
            bytes.append(contentsOf: path)
            switch (node.kind, facts) {
            case (.folder, _):
                path.append(UInt8(ascii: "/"))
                folders.append((index, path.count))
            case (.file, .metadata), (.program, .metadata):
                append(node.stamp.sizeBytes)
                append(node.stamp.modifiedNanoseconds)
            case (_, .stamp):
                append(Int64(bitPattern: node.stamp.device))
                append(Int64(bitPattern: node.stamp.inode))
                append(node.stamp.sizeBytes)
                append(node.stamp.modifiedNanoseconds)
                append(node.stamp.changedNanoseconds)
            case (_, .digest), (.link, .metadata):
                guard let digest = node.content?.digest else { return nil }
                bytes.append(contentsOf: digest.bytes)
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
