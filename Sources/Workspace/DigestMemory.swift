// Known digests, of this process and of earlier ones. Knows stamps and digests; does not read files. A file is
// identified by device and inode, so that it is read once under any name, and a renamed folder is not read again.

import Model

struct DigestMemory {
    private var files: [FileIdentity: KnownContent] = [:]
    private var folders: [FileIdentity: KnownFolder] = [:]
    /// Cached folder contents of earlier processes that were not used yet.
    private var encodedFolders: [FileIdentity: [UInt8]] = [:]
    /// The stamp with which a path is already recorded, or about to be.
    private var recorded: [String: FileStamp] = [:]
    private var fresh: [String: DigestCacheEntry] = [:]
    var bytesRead: Int64 = 0

    init(_ cache: [DigestCacheEntry]) {
        files.reserveCapacity(cache.count)
        recorded.reserveCapacity(cache.count)
        // Two entries for one inode: it was reused, and the later entry is valid.
        var changed: [FileIdentity: Int64] = [:]
        for entry in cache where entry.mode == .content {
            let identity = entry.stamp.identity
            recorded[entry.path] = entry.stamp
            if let tree = entry.tree {
                if let before = changed[identity], before > entry.stamp.changedNanoseconds { continue }
                changed[identity] = entry.stamp.changedNanoseconds
                encodedFolders[identity] = tree
            } else {
                let before = files[identity]?.stamp.changedNanoseconds
                if let before, before > entry.stamp.changedNanoseconds { continue }
                files[identity] = KnownContent(
                    stamp: entry.stamp, known: KnownDigest(digest: entry.fingerprint.digest, isTrusted: true))
            }
        }
    }

    /// The digest of the file or link with this stamp.
    func content(_ stamp: FileStamp) -> KnownContent? {
        guard let known = files[stamp.identity], known.stamp == stamp else { return nil }
        return known
    }

    mutating func remember(_ content: KnownContent) { files[content.stamp.identity] = content }

    /// Queues a file's digest for recording, if it can be trusted and is not recorded yet.
    mutating func record(_ content: KnownContent, at path: String) {
        guard content.known.isTrusted, recorded[path] != content.stamp else { return }
        recorded[path] = content.stamp
        let fingerprint = Fingerprint(kind: .content, digest: content.known.digest, sizeBytes: content.stamp.sizeBytes)
        fresh[path] = DigestCacheEntry(path: path, mode: .content, stamp: content.stamp, fingerprint: fingerprint)
    }

    /// The cached contents of a folder, wherever it was then.
    mutating func contents(ofFolder folder: FileStamp) -> FolderContents? {
        if let known = folders[folder.identity] { return known.all }
        let known = encodedFolders.removeValue(forKey: folder.identity).flatMap(FolderContents.init(encoded:))
        folders[folder.identity] = known.map { KnownFolder(all: $0) }
        return known
    }

    /// Caches the contents of a folder and queues them for recording if they are new.
    ///
    /// - Parameters:
    ///   - contents: nil if they are unchanged.
    ///   - scope: the scope in which they were found; nil if they are the same in every scope.
    mutating func record(
        _ contents: FolderContents?, in scope: DigestScope?, ofFolder folder: FileStamp, _ fingerprint: Fingerprint,
        at path: String
    ) {
        let known = folders[folder.identity]
        let new = contents.map { KnownFolder($0, in: scope, after: known) } ?? known
        guard let new, recorded[path] != folder || new.all != known?.all else { return }
        folders[folder.identity] = new
        recorded[path] = folder
        fresh[path] = DigestCacheEntry(
            path: path, mode: .content, stamp: folder, fingerprint: fingerprint, tree: new.all.encoded)
    }

    /// The digest of a file and the stamp under which later processes may trust it. nil if there is none yet or the
    /// path is a folder.
    func trusted(_ path: String) -> (stamp: FileStamp, fingerprint: Fingerprint)? {
        guard let stamp = recorded[path], let content = content(stamp), content.known.isTrusted else { return nil }
        return (stamp, Fingerprint(kind: .content, digest: content.known.digest, sizeBytes: stamp.sizeBytes))
    }

    mutating func takeNewEntries() -> [DigestCacheEntry] {
        defer { fresh = [:] }
        return fresh.values.sorted { $0.path < $1.path }
    }
}

/// What is known of one folder, which may be read in several scopes: its links as links, and as what they lead to.
private struct KnownFolder {
    /// The contents in all scopes, each file once.
    let all: FolderContents
    /// By scope, those that this process has read anew.
    private var scopes: [DigestScope: FolderContents] = [:]

    init(all: FolderContents) { self.all = all }

    /// - Parameter scope: nil if the contents are the same in every scope.
    init(_ contents: FolderContents, in scope: DigestScope?, after known: KnownFolder?) {
        guard let scope else {
            all = contents
            return
        }
        var scopes = known?.scopes ?? [:]
        scopes[scope] = contents
        self.scopes = scopes
        var merged = Array(contents)
        // The newest first. Until another scope is read again, what is known of it is kept, if that is not too much.
        var others = scopes.filter { $0.key != scope }.map { Array($0.value) }
        if others.isEmpty, let known {
            let carried = Array(known.all)
            if carried.count <= 2 * merged.count + 64 { others = [carried] }
        }
        var seen = Set(merged.map(\.stamp.identity))
        for content in others.joined() where seen.insert(content.stamp.identity).inserted { merged.append(content) }
        all = FolderContents(merged)
    }
}
