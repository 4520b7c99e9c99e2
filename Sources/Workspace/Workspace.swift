// Computes fingerprints of paths: reads content once and caches the digest while the stamp is unchanged. Knows files
// and folders; does not know stages or the store.

import Glibc
import Model
import Synchronization

/// Digests the files of a project. Thread-safe.
public final class Workspace: Sendable {
    /// Paths are relative to it.
    public let root: String
    /// The name that folders and patterns skip.
    let hiddenName: [UInt8]
    private let stateFolder: String
    private let clock: FileSystemClock
    private let stop = ReadingStop()
    private let snapshots = Mutex(FolderSnapshots())
    let memory: Mutex<DigestMemory>
    /// A file of at least this size is digested only once its stamp is stable.
    private static let worthWaitingBytes: Int64 = 4 << 20
    /// How often something that changes while it is read is read again.
    private static let attempts = 5

    /// - Parameters:
    ///   - root: the project's folder.
    ///   - cache: digests from earlier processes.
    ///   - ignoresCache: whether to read everything again (`--rehash`).
    ///   - stateDirectory: the state folder, in which the file system's clock is read. Folders and patterns skip its
    ///     name.
    public convenience init(
        root: String, cache: [DigestCacheEntry], ignoresCache: Bool = false, stateDirectory: String = ".runs"
    ) {
        let folder = stateDirectory.hasPrefix("/") ? stateDirectory : "\(root)/\(stateDirectory)"
        self.init(
            root: root, cache: ignoresCache ? [] : cache, stateDirectory: stateDirectory,
            clock: FileSystemClock(scratchFolder: folder))
    }

    /// A workspace that does not write to disk, not even to read the file system's clock; its digests cannot be cached.
    public convenience init(lookingBelow root: String, cache: [DigestCacheEntry]) {
        self.init(root: root, cache: cache, clock: FileSystemClock { _ in .max })
    }

    init(root: String, cache: [DigestCacheEntry], stateDirectory: String = ".runs", clock: FileSystemClock) {
        self.root = root
        self.clock = clock
        hiddenName = Array((stateDirectory.split(separator: "/").last ?? ".runs").utf8)
        stateFolder = stateDirectory.hasPrefix("/") ? stateDirectory : "\(root)/\(stateDirectory)"
        memory = Mutex(DigestMemory(cache))
    }

    /// Makes current and later reads of files fail at once. May be called from any thread.
    public func stopReading() { stop.set() }
    public var isReadingStopped: Bool { stop.isSet }

    /// The bytes read from files so far.
    public var bytesRead: Int64 { memory.withLock { $0.bytesRead } }

    /// New digests since the last call that later processes may trust.
    public func takeNewEntries() -> [DigestCacheEntry] { memory.withLock { $0.takeNewEntries() } }

    /// The known digest of a file, without accessing the disk, and the stamp with which a later process may trust it.
    /// nil if unknown or a folder.
    public func trusted(_ path: String) -> (stamp: FileStamp, fingerprint: Fingerprint)? {
        memory.withLock { $0.trusted(path) }
    }

    /// The stamp of a path, following links; nil if it does not exist or is a dangling link.
    public func stamp(of path: String) throws(WorkspaceFailure) -> FileStamp? {
        try FileStatus.of(absolute(path), shownAs: path)?.stamp
    }

    /// The fingerprint of a path; nil if it does not exist.
    ///
    /// - Throws: if it is not a file or folder, cannot be read, or keeps changing while it is read.
    public func fingerprint(of path: String, scope: DigestScope) throws(WorkspaceFailure) -> Fingerprint? {
        try contents(at: path, scope: scope)?.fingerprint
    }

    /// The same, with whether it depends on the scope.
    public func contents(at path: String, scope: DigestScope) throws(WorkspaceFailure) -> PathContents? {
        try contents(at: path, scope: scope, seen: FileStatus.of(absolute(path), shownAs: path))
    }

    /// The same, for a path whose status is already known.
    func contents(at path: String, scope: DigestScope, seen: FileStatus?) throws(WorkspaceFailure) -> PathContents? {
        let full = absolute(path)
        var (changing, found) = (path, seen)
        for _ in 0..<Self.attempts {
            guard let status = found else { return nil }
            let reading: Reading
            switch status.kind {
            case .file: reading = try read(file: full, status.stamp, scope.mode, shownAs: path)
            case .folder: reading = try read(folder: full, status.stamp, scope, shownAs: path)
            case .link, .other:
                throw WorkspaceFailure(
                    "'\(path)' is not a file or folder (but a FIFO, socket or device). "
                        + "Use a regular file instead.")
            }
            switch reading {
            case .found(let contents): return contents
            case .changed(let name):
                changing = name
                found = try FileStatus.of(full, shownAs: path)
            }
        }
        throw keepsChanging(changing)
    }

    /// The fingerprint of a file with that stamp in mode `metadata`.
    public static func metadataFingerprint(of stamp: FileStamp) -> Fingerprint {
        var digester = Digester()
        // A different version byte, so that a file and a folder never have the same digest.
        withUnsafeBytes(of: (UInt64(2), stamp.sizeBytes, stamp.modifiedNanoseconds)) { digester.update($0) }
        return Fingerprint(kind: .metadata, digest: digester.finish(), sizeBytes: stamp.sizeBytes)
    }

    /// The status of a path without reading it: equal observations mean that it did not change. nil if it does not
    /// exist.
    public func observation(of path: String, scope: DigestScope) throws(WorkspaceFailure) -> Observation? {
        let full = absolute(path)
        for _ in 0..<Self.attempts {
            guard let status = try FileStatus.of(full, shownAs: path) else { return nil }
            guard status.kind == .folder else { return .file(status.stamp) }
            guard let tree = try walk(full, scope, shownAs: path) else { continue }
            return .folder(snapshots.withLock { $0.snapshot(of: tree, at: path, scope) })
        }
        throw keepsChanging(path)
    }

    private func keepsChanging(_ path: String) -> WorkspaceFailure {
        WorkspaceFailure("'\(path)' keeps changing while it is read. Try again when nothing writes to it.")
    }

    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }
}

/// A path's fingerprint.
public struct PathContents: Hashable, Sendable {
    public let fingerprint: Fingerprint
    /// Whether every scope without patterns, that leaves out noise as this one does, has the same fingerprint.
    public let isPlain: Bool
}

// MARK: - Reading

extension Workspace {
    private enum Reading {
        case found(PathContents)
        /// The entry of that name changed or was deleted in the meantime.
        case changed(String)
    }

    private func read(
        file full: String, _ stamp: FileStamp, _ mode: DigestMode, shownAs path: String
    ) throws(WorkspaceFailure) -> Reading {
        if mode == .metadata {
            return .found(PathContents(fingerprint: Self.metadataFingerprint(of: stamp), isPlain: true))
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
        let fingerprint = Fingerprint(kind: .content, digest: content.known.digest, sizeBytes: stamp.sizeBytes)
        return .found(PathContents(fingerprint: fingerprint, isPlain: true))
    }

    private func read(
        folder full: String, _ stamp: FileStamp, _ scope: DigestScope, shownAs path: String
    ) throws(WorkspaceFailure) -> Reading {
        guard var tree = try walk(full, scope, shownAs: path) else { return .changed(path) }
        adoptKnown(&tree, folder: stamp)
        let unread = tree.unread(for: scope.mode)
        if let changed = try read(unread[...], of: tree, at: full, shownAs: path, { tree.know($1.known, of: $0) }) {
            return .changed(changed)
        }
        guard let contents = contents(of: tree, stamp, scope, shownAs: path) else { return .changed(path) }
        return .found(contents)
    }

    /// nil if something was not read yet.
    func contents(
        of tree: FolderTree, _ folder: FileStamp, _ scope: DigestScope, shownAs path: String
    ) -> PathContents? {
        guard let digest = tree.manifestDigest(of: scope.mode == .content ? .digest : .metadata) else { return nil }
        let kind: DigestKind = scope.mode == .content ? .tree : .metadata
        let fingerprint = Fingerprint(kind: kind, digest: digest, sizeBytes: tree.sizeBytes)
        if scope.mode == .content {
            let contents = tree.isAsKnown ? nil : FolderContents(tree.contents)
            memory.withLock {
                $0.record(contents, in: tree.isPlain ? nil : scope, ofFolder: folder, fingerprint, at: path)
            }
        }
        return PathContents(fingerprint: fingerprint, isPlain: tree.isPlain)
    }

    private func walk(
        _ full: String, _ scope: DigestScope, shownAs path: String
    ) throws(WorkspaceFailure) -> FolderTree? {
        guard var walk = try FolderWalk(full, shownAs: path, by: rule(for: scope), trail), try walk.listAll() else {
            return nil
        }
        return try walk.finish()
    }

    func rule(for scope: DigestScope) -> ListingRule {
        ListingRule(
            hiddenName: hiddenName,
            filter: scope.exclusions == .none ? nil : ExclusionFilter(scope.exclusions),
            followsLinks: scope.followsLinks)
    }

    /// For a walk that begins.
    var trail: LinkTrail { LinkTrail(root: root, stateFolder: stateFolder) }

    /// Applies the known digests of a folder's files and links to its tree.
    func adoptKnown(_ tree: inout FolderTree, folder: FileStamp) {
        if let known = memory.withLock({ $0.contents(ofFolder: folder) }) { tree.adopt(known) }
    }

    /// Digests files and links of a folder and passes on each result.
    ///
    /// - Returns: the path of an entry that changed or was deleted since the walk; reading ends there.
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

    /// Whether later processes may trust a digest computed from now on.
    private func isTrustworthy(_ stamp: FileStamp) -> Bool {
        stamp.sizeBytes >= Self.worthWaitingBytes ? clock.waitUntilStable(stamp) : clock.isStable(stamp)
    }
}
