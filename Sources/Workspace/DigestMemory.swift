// Digests that need not be taken again: of this process and of earlier ones. Knows stamps and digests; reads nothing.
// A file is known by its device and inode, so that it is read once under whatever name, and a renamed folder not again.

import Model

struct DigestMemory {
    private var files: [FileIdentity: KnownContent] = [:]
    private var folders: [FileIdentity: FolderContents] = [:]
    /// What earlier processes knew of folders that nobody asked for yet.
    private var encodedFolders: [FileIdentity: [UInt8]] = [:]
    /// The stamp with which a path is in the store already, or on its way there.
    private var recorded: [String: FileStamp] = [:]
    private var fresh: [String: DigestCacheEntry] = [:]
    var bytesRead: Int64 = 0

    init(_ cache: [DigestCacheEntry]) {
        files.reserveCapacity(cache.count)
        recorded.reserveCapacity(cache.count)
        // Two entries of one inode: it was freed and used again, and the later one is right.
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

    /// The digest of the file or link that has this stamp.
    func content(_ stamp: FileStamp) -> KnownContent? {
        guard let known = files[stamp.identity], known.stamp == stamp else { return nil }
        return known
    }

    mutating func remember(_ content: KnownContent) { files[content.stamp.identity] = content }

    /// Has a file's digest kept under its path, if it may be trusted and is not kept yet.
    mutating func record(_ content: KnownContent, at path: String) {
        guard content.known.isTrusted, recorded[path] != content.stamp else { return }
        recorded[path] = content.stamp
        let fingerprint = Fingerprint(kind: .content, digest: content.known.digest, sizeBytes: content.stamp.sizeBytes)
        fresh[path] = DigestCacheEntry(path: path, mode: .content, stamp: content.stamp, fingerprint: fingerprint)
    }

    /// What is known of the files in a folder, wherever it lay then.
    mutating func contents(ofFolder folder: FileStamp) -> FolderContents? {
        if let known = folders[folder.identity] { return known }
        let known = encodedFolders.removeValue(forKey: folder.identity).flatMap(FolderContents.init(encoded:))
        folders[folder.identity] = known
        return known
    }

    /// Remembers what is in a folder, and has it kept under its path if that is new.
    ///
    /// - Parameter contents: nil where it is what is known already.
    mutating func record(
        _ contents: FolderContents?, ofFolder folder: FileStamp, _ fingerprint: Fingerprint, at path: String
    ) {
        let known = folders[folder.identity]
        guard let new = contents ?? known, recorded[path] != folder || new != known else { return }
        folders[folder.identity] = new
        recorded[path] = folder
        fresh[path] = DigestCacheEntry(
            path: path, mode: .content, stamp: folder, fingerprint: fingerprint, tree: new.encoded)
    }

    /// The stamp under which a file's digest may be trusted by later processes, and what it stands for. nil: there is none
    /// yet, or it is a folder.
    func trusted(_ path: String) -> (stamp: FileStamp, fingerprint: Fingerprint)? {
        guard let stamp = recorded[path], let content = content(stamp), content.known.isTrusted else { return nil }
        return (stamp, Fingerprint(kind: .content, digest: content.known.digest, sizeBytes: stamp.sizeBytes))
    }

    mutating func takeNewEntries() -> [DigestCacheEntry] {
        defer { fresh = [:] }
        return fresh.values.sorted { $0.path < $1.path }
    }
}
