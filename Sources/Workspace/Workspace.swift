// What is at a path, as a fingerprint: read once, remembered as long as its stat stays the same. Knows files and
// folders; does not know stages or the store.

import Glibc
import Model
import Synchronization

/// Digests the files of a project. Safe to use from several threads at once.
public final class Workspace: Sendable {
    /// Relative paths are below it.
    public let root: String
    /// The name that is left out of folders and patterns.
    let excludedName: [UInt8]
    private let clock: FileSystemClock
    private let stop = ReadingStop()
    let memory: Mutex<DigestMemory>
    /// A file at least this large is left alone until its digest can be trusted from then on.
    private static let worthWaitingBytes: Int64 = 4 << 20
    /// How often something that changes under the reader is read again.
    private static let attempts = 5

    /// - Parameters:
    ///   - root: the project's folder.
    ///   - cache: digests from earlier processes.
    ///   - ignoresCache: `--rehash`: read everything again.
    ///   - stateDirectory: the program's own folder, where the file system's clock is read. What bears its name is left
    ///     out of folders and patterns.
    public convenience init(
        root: String, cache: [DigestCacheEntry], ignoresCache: Bool = false, stateDirectory: String = ".runs"
    ) {
        let folder = stateDirectory.hasPrefix("/") ? stateDirectory : "\(root)/\(stateDirectory)"
        self.init(
            root: root, cache: ignoresCache ? [] : cache, stateDirectory: stateDirectory,
            clock: FileSystemClock(scratchFolder: folder))
    }

    /// A workspace that leaves nothing on disk, not even to read the file system's clock: what it digests is not for later.
    public convenience init(lookingBelow root: String, cache: [DigestCacheEntry]) {
        self.init(root: root, cache: cache, clock: FileSystemClock { _ in .max })
    }

    init(root: String, cache: [DigestCacheEntry], stateDirectory: String = ".runs", clock: FileSystemClock) {
        self.root = root
        self.clock = clock
        excludedName = Array((stateDirectory.split(separator: "/").last ?? ".runs").utf8)
        memory = Mutex(DigestMemory(cache))
    }

    /// Lets whatever reads a file now, or wants to later, fail at once. Called from any thread.
    public func stopReading() { stop.set() }
    public var isReadingStopped: Bool { stop.isSet }

    /// Bytes of file contents read so far.
    public var bytesRead: Int64 { memory.withLock { $0.bytesRead } }

    /// Digests taken since the last call that a later process may trust.
    public func takeNewEntries() -> [DigestCacheEntry] { memory.withLock { $0.takeNewEntries() } }

    /// What is known, without a look at the disk, of the content of a file, with the stamp by which a later process may
    /// tell that it is still so. nil: nothing, or it is a folder.
    public func trusted(_ path: String) -> (stamp: FileStamp, fingerprint: Fingerprint)? {
        memory.withLock { $0.trusted(path) }
    }

    /// What `stat` says of a path, links followed. nil: nothing is there, or a link that leads nowhere.
    public func stamp(of path: String) throws(WorkspaceFailure) -> FileStamp? {
        try FileStatus.of(absolute(path), shownAs: path)?.stamp
    }

    /// What is at the path; nil where nothing is.
    ///
    /// - Throws: for what is neither file nor folder, cannot be read, or keeps changing while it is read.
    public func fingerprint(of path: String, mode: DigestMode) throws(WorkspaceFailure) -> Fingerprint? {
        try fingerprint(of: path, mode: mode, seen: FileStatus.of(absolute(path), shownAs: path))
    }

    /// The same, of what was there a moment ago.
    func fingerprint(of path: String, mode: DigestMode, seen: FileStatus?) throws(WorkspaceFailure) -> Fingerprint? {
        let full = absolute(path)
        var (changing, found) = (path, seen)
        for _ in 0..<Self.attempts {
            guard let status = found else { return nil }
            let reading: Reading
            switch status.kind {
            case .file: reading = try read(file: full, status.stamp, mode, shownAs: path)
            case .folder: reading = try read(folder: full, status.stamp, mode, shownAs: path)
            case .link, .other:
                throw WorkspaceFailure(
                    "'\(path)' is neither a file nor a folder (a fifo, socket or device) and cannot be digested. "
                        + "Write to a regular file instead.")
            }
            switch reading {
            case .found(let fingerprint): return fingerprint
            case .changed(let name):
                changing = name
                found = try FileStatus.of(full, shownAs: path)
            }
        }
        throw keepsChanging(changing)
    }

    /// What `stat` alone says of a path: equal observations mean that nothing has touched it. nil: nothing is there.
    public func observation(of path: String, mode: DigestMode) throws(WorkspaceFailure) -> Observation? {
        if mode == .metadata { return try fingerprint(of: path, mode: mode).map(Observation.metadata) }
        let full = absolute(path)
        for _ in 0..<Self.attempts {
            guard let status = try FileStatus.of(full, shownAs: path) else { return nil }
            guard status.kind == .folder else { return .file(status.stamp) }
            if let digest = try walk(full, shownAs: path)?.manifestDigest(of: .stamp) { return .folder(digest) }
        }
        throw keepsChanging(path)
    }

    private func keepsChanging(_ path: String) -> WorkspaceFailure {
        WorkspaceFailure("'\(path)' keeps changing while it is read. Wait for whatever writes it, then try again.")
    }

    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }
}

/// What `stat` said of a path and all below it.
public enum Observation: Hashable, Sendable {
    case file(FileStamp)
    /// Of all stamps in a folder.
    case folder(Digest)
    /// Where sizes and times are all that counts.
    case metadata(Fingerprint)
}

// MARK: - Reading

extension Workspace {
    private enum Reading {
        case found(Fingerprint)
        /// What bears that name changed or vanished meanwhile.
        case changed(String)
    }

    private func read(
        file full: String, _ stamp: FileStamp, _ mode: DigestMode, shownAs path: String
    ) throws(WorkspaceFailure) -> Reading {
        if mode == .metadata {
            var digester = Digester()
            // A version byte of its own: nothing that is said of a folder is ever said of a file.
            withUnsafeBytes(of: (UInt64(2), stamp.sizeBytes, stamp.modifiedNanoseconds)) { digester.update($0) }
            return .found(Fingerprint(kind: .metadata, digest: digester.finish(), sizeBytes: stamp.sizeBytes))
        }
        let content: KnownContent
        if let known = memory.withLock({ $0.content(stamp) }) {
            content = known
        } else {
            let isTrusted = isTrustworthy(stamp)
            let buffer = ReadBuffer(expectedBytes: stamp.sizeBytes, stop: stop)
            let digest = try FileDigest.of(
                file: full, in: AT_FDCWD, expecting: stamp, through: buffer, shownAs: path)
            guard let digest else { return .changed(path) }
            content = KnownContent(stamp: stamp, known: KnownDigest(digest: digest, isTrusted: isTrusted))
            memory.withLock {
                $0.bytesRead += stamp.sizeBytes
                $0.remember(content)
            }
        }
        memory.withLock { $0.record(content, at: path) }
        return .found(Fingerprint(kind: .content, digest: content.known.digest, sizeBytes: stamp.sizeBytes))
    }

    private func read(
        folder full: String, _ stamp: FileStamp, _ mode: DigestMode, shownAs path: String
    ) throws(WorkspaceFailure) -> Reading {
        guard var tree = try walk(full, shownAs: path) else { return .changed(path) }
        adoptKnown(&tree, folder: stamp)
        let unread = tree.unread(for: mode)
        if let changed = try read(unread[...], of: tree, at: full, shownAs: path, { tree.know($1.known, of: $0) }) {
            return .changed(changed)
        }
        guard let fingerprint = fingerprint(of: tree, stamp, mode, shownAs: path) else { return .changed(path) }
        return .found(fingerprint)
    }

    /// nil where something was not read yet.
    func fingerprint(
        of tree: FolderTree, _ folder: FileStamp, _ mode: DigestMode, shownAs path: String
    ) -> Fingerprint? {
        guard let digest = tree.manifestDigest(of: mode == .content ? .digest : .metadata) else { return nil }
        let kind: DigestKind = mode == .content ? .tree : .metadata
        let fingerprint = Fingerprint(kind: kind, digest: digest, sizeBytes: tree.sizeBytes)
        if mode == .content {
            let contents = tree.isAsKnown ? nil : FolderContents(tree.contents)
            memory.withLock { $0.record(contents, ofFolder: folder, fingerprint, at: path) }
        }
        return fingerprint
    }

    private func walk(_ full: String, shownAs path: String) throws(WorkspaceFailure) -> FolderTree? {
        guard var walk = try FolderWalk(full, shownAs: path, excluding: excludedName), try walk.listAll() else {
            return nil
        }
        return try walk.finish()
    }

    /// Gives a folder's walk what is known of the files and links in it.
    func adoptKnown(_ tree: inout FolderTree, folder: FileStamp) {
        if let known = memory.withLock({ $0.contents(ofFolder: folder) }) { tree.adopt(known) }
    }

    /// Digests files and links of a folder, each handed on as it is known.
    ///
    /// - Returns: the name of one that changed or vanished since the walk, with which the reading ends.
    func read(
        _ nodes: ArraySlice<Int>, of tree: FolderTree, at full: String, shownAs path: String,
        _ take: (_ node: Int, KnownContent) -> Void
    ) throws(WorkspaceFailure) -> String? {
        guard !nodes.isEmpty else { return nil }
        guard var reader = FolderReader(tree, of: full) else { return path }
        let largestBytes = nodes.reduce(0) { max($0, tree.stamps[$1].sizeBytes) }
        let buffer = ReadBuffer(expectedBytes: largestBytes, stop: stop)
        for node in nodes {
            let stamp = tree.stamps[node]
            if let known = memory.withLock({ $0.content(stamp) }) {
                take(node, known)
                continue
            }
            let isTrusted = isTrustworthy(stamp)
            guard reader.approach(node), let digest = try reader.digest(of: node, through: buffer, shownAs: path) else {
                return "\(path)/\(tree.shownPath(of: node))"
            }
            let content = KnownContent(stamp: stamp, known: KnownDigest(digest: digest, isTrusted: isTrusted))
            memory.withLock {
                if tree.nodes[node].kind != .link { $0.bytesRead += stamp.sizeBytes }
                $0.remember(content)
            }
            take(node, content)
        }
        return nil
    }

    /// Whether a digest taken from now on holds for a later process too.
    private func isTrustworthy(_ stamp: FileStamp) -> Bool {
        stamp.sizeBytes >= Self.worthWaitingBytes ? clock.waitUntilStable(stamp) : clock.isStable(stamp)
    }
}
