// What is at a path, as a fingerprint: read once, remembered as long as its stat stays the same. Knows files and folders;
// does not know stages or the store.

import Glibc
import Model
import Synchronization

/// Digests the files of a project. Safe to use from several threads at once.
public final class Workspace: Sendable {
    private struct Place: Hashable {
        let path: String
        let mode: DigestMode
    }

    private struct State {
        var files: [Place: DigestCacheEntry] = [:]
        var trees: [String: TreeCache] = [:]
        var fresh: [DigestCacheEntry] = []
        var bytesRead: Int64 = 0
    }

    /// Absolute; relative paths are below it.
    public let root: String
    private let stateFolderName: String
    private let clock: FileSystemClock
    private let state: Mutex<State>
    /// A racy file at least this large is left alone for a moment, so that its digest can be trusted from then on.
    private static let worthWaitingBytes: Int64 = 4 << 20

    /// - Parameters:
    ///   - cache: digests from earlier processes.
    ///   - ignoresCache: `--rehash`: read everything again.
    public init(root: String, cache: [DigestCacheEntry], ignoresCache: Bool = false, stateFolderName: String = ".runs") {
        self.root = root
        self.stateFolderName = stateFolderName
        clock = FileSystemClock(stateFolder: "\(root)/\(stateFolderName)")
        var initial = State()
        if !ignoresCache {
            for entry in cache { initial.files[Place(path: entry.path, mode: entry.mode)] = entry }
        }
        state = Mutex(initial)
    }

    /// Bytes of file contents read so far.
    public var bytesRead: Int64 { state.withLock { $0.bytesRead } }

    /// Digests taken since the last call that a later process may trust.
    public func takeNewEntries() -> [DigestCacheEntry] {
        state.withLock { state in
            defer { state.fresh = [] }
            return state.fresh
        }
    }

    /// What is at the path; nil where nothing is.
    ///
    /// - Throws: for what is neither file nor folder, cannot be read, or keeps changing while it is read.
    public func fingerprint(of path: String, mode: DigestMode) throws(WorkspaceFailure) -> Fingerprint? {
        let full = absolute(path)
        for _ in 0..<5 {
            guard let status = try FileStatus.of(full, shownAs: path) else { return nil }
            switch (status.kind, mode) {
            case (.file, .metadata): return metadata(of: status.stamp)
            case (.file, .content):
                if let found = try fingerprint(ofFile: full, status.stamp, shownAs: path) { return found }
            case (.directory, _):
                if let found = try fingerprint(ofFolder: full, status.stamp, mode, shownAs: path) { return found }
            case (.link, _), (.other, _):
                throw WorkspaceFailure(
                    "'\(path)' is neither a file nor a folder (a fifo, socket or device) and cannot be digested. "
                        + "Write to a regular file instead.")
            }
        }
        throw WorkspaceFailure("'\(path)' keeps changing while it is read. Wait for whatever writes it, then try again.")
    }

    /// The same for many paths, on all cores, in the order asked.
    public func fingerprints(
        of requests: [(path: String, mode: DigestMode)]
    ) async -> [Result<Fingerprint?, WorkspaceFailure>] {
        // Small enough to share the work evenly, large enough that handing it out costs nothing.
        let size = max(1, min(256, requests.count / 16))
        return await withTaskGroup(of: (Int, [Result<Fingerprint?, WorkspaceFailure>]).self) { group in
            for start in stride(from: 0, to: requests.count, by: size) {
                group.addTask {
                    (start, requests[start..<min(start + size, requests.count)].map { request in
                        Result { () throws(WorkspaceFailure) in
                            try self.fingerprint(of: request.path, mode: request.mode)
                        }
                    })
                }
            }
            var parts: [(Int, [Result<Fingerprint?, WorkspaceFailure>])] = []
            for await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    /// What `stat` alone says of a path: equal observations mean that nothing has touched it. nil: nothing is there.
    public func observation(of path: String, mode: DigestMode) throws(WorkspaceFailure) -> Observation? {
        let full = absolute(path)
        guard let status = try FileStatus.of(full, shownAs: path) else { return nil }
        guard status.kind == .directory else { return Observation(stamps: [status.stamp], names: []) }
        let items = try walk(full, shownAs: path).items()
        return Observation(stamps: items.map(\.status.stamp), names: items.map(\.path))
    }

    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

    // MARK: - Files

    private func fingerprint(
        ofFile full: String, _ stamp: FileStamp, shownAs path: String
    ) throws(WorkspaceFailure) -> Fingerprint? {
        let place = Place(path: path, mode: .content)
        if let known = state.withLock({ $0.files[place] }), known.stamp == stamp { return known.fingerprint }
        let isTrustworthy = isTrustworthy(stamp)
        guard let digest = try fileDigest(of: full, in: AT_FDCWD, expecting: stamp, shownAs: path) else { return nil }
        let found = Fingerprint(kind: .content, digest: digest, sizeBytes: stamp.sizeBytes)
        let entry = DigestCacheEntry(path: path, mode: .content, stamp: stamp, fingerprint: found)
        state.withLock {
            $0.bytesRead += stamp.sizeBytes
            $0.files[place] = entry
            if isTrustworthy { $0.fresh.append(entry) }
        }
        return found
    }

    /// Whether a digest taken from now on holds for a later process too.
    private func isTrustworthy(_ stamp: FileStamp) -> Bool {
        guard clock.isRacy(stamp) else { return true }
        guard stamp.sizeBytes >= Self.worthWaitingBytes else { return false }
        usleep(25_000)
        return !clock.isRacy(stamp)
    }

    private func metadata(of stamp: FileStamp) -> Fingerprint {
        var manifest = Manifest()
        manifest.add(path: [], type: UInt8(ascii: "f"), isExecutable: false, content: metadataContent(stamp))
        return Fingerprint(kind: .metadata, digest: manifest.finish(), sizeBytes: stamp.sizeBytes)
    }

    private func metadataContent(_ stamp: FileStamp) -> [UInt8] {
        Array("\(stamp.sizeBytes) \(stamp.modifiedNanoseconds)".utf8)
    }

    // MARK: - Folders

    func walk(_ full: String, shownAs path: String) -> DirectoryWalk {
        DirectoryWalk(root: full, shownAs: path, stateFolderName: stateFolderName)
    }

    /// nil: it changed while it was read.
    private func fingerprint(
        ofFolder full: String, _ stamp: FileStamp, _ mode: DigestMode, shownAs path: String
    ) throws(WorkspaceFailure) -> Fingerprint? {
        let walk = walk(full, shownAs: path)
        let items = try walk.items()
        var manifest = Manifest()
        var size: Int64 = 0
        let known = mode == .content ? tree(path) : TreeCache()
        var now = TreeCache()
        var trusted = TreeCache()
        var isNew = false
        for item in items {
            switch item.status.kind {
            case .directory: manifest.add(path: item.path, type: UInt8(ascii: "d"), isExecutable: false, content: [])
            case .link: manifest.add(path: item.path, type: UInt8(ascii: "l"), isExecutable: false, content: item.target)
            case .file, .other:
                size += item.status.stamp.sizeBytes
                guard mode == .content else {
                    manifest.add(
                        path: item.path, type: UInt8(ascii: "f"), isExecutable: item.status.isExecutable,
                        content: metadataContent(item.status.stamp))
                    continue
                }
                let entry: TreeCache.Entry
                if let before = known.entries[item.path], before.stamp == item.status.stamp {
                    entry = before
                    trusted.entries[item.path] = entry
                } else {
                    isNew = true
                    let isTrustworthy = isTrustworthy(item.status.stamp)
                    guard let digest = try digest(of: item, below: full, shownAs: walk.shown(item.path)) else { return nil }
                    state.withLock { $0.bytesRead += item.status.stamp.sizeBytes }
                    entry = TreeCache.Entry(stamp: item.status.stamp, digest: digest)
                    if isTrustworthy { trusted.entries[item.path] = entry }
                }
                now.entries[item.path] = entry
                manifest.add(
                    path: item.path, type: UInt8(ascii: "f"), isExecutable: item.status.isExecutable,
                    content: entry.digest.bytes)
            }
        }
        let kind: DigestKind = mode == .content ? .tree : .metadata
        let found = Fingerprint(kind: kind, digest: manifest.finish(), sizeBytes: size)
        if mode == .content, isNew || now.entries.count != known.entries.count {
            let entry = DigestCacheEntry(
                path: path, mode: mode, stamp: stamp, fingerprint: found, tree: trusted.encoded)
            state.withLock {
                $0.trees[path] = now
                $0.fresh.append(entry)
            }
        }
        return found
    }

    private func digest(
        of item: DirectoryWalk.Item, below folder: String, shownAs name: String
    ) throws(WorkspaceFailure) -> Digest? {
        let path = (Array(folder.utf8) + [47] + item.path + [0]).map { CChar(bitPattern: $0) }
        return try fileDigest(of: path, in: AT_FDCWD, expecting: item.status.stamp, shownAs: name)
    }

    private func tree(_ path: String) -> TreeCache {
        let (cached, encoded) = state.withLock { ($0.trees[path], $0.files[Place(path: path, mode: .content)]?.tree) }
        return cached ?? encoded.flatMap { TreeCache(encoded: $0) } ?? TreeCache()
    }
}

/// What `stat` said of a path and all below it.
public struct Observation: Hashable, Sendable {
    let stamps: [FileStamp]
    let names: [[UInt8]]
}
