// What a path looked like at one time, compared with what it looks like later. Knows stamps; does not read files.

import Model

/// The status of a path and everything below it. Equal ones mean that nothing changed.
public enum Observation: Hashable, Sendable {
    case file(FileStamp)
    case folder(FolderSnapshot)

    /// The entries of a folder that are new, changed or gone since an earlier observation, in the order of their paths;
    /// empty if either is not of a folder.
    public func changedEntries(since earlier: Observation?) -> [String] {
        guard case .folder(let now) = self, case .folder(let before)? = earlier else { return [] }
        return now.changedEntries(since: before)
    }
}

/// All paths in a folder, and whether each has changed since another snapshot of this process.
public final class FolderSnapshot: Hashable, Sendable {
    /// Of all paths and stamps.
    private let digest: Digest
    /// The paths, each ended by a zero byte.
    private let paths: [UInt8]
    /// By path: hashes of its kind and stamp.
    private let marks: [Int]

    init(_ tree: FolderTree, digest: Digest) {
        var (paths, marks) = ([UInt8](), [Int]())
        _ = tree.visit { node, path in
            paths.append(contentsOf: path)
            paths.append(0)
            var hasher = Hasher()
            hasher.combine(tree.nodes[node].kind)
            // The time of a folder says that something in it has changed, which is listed itself.
            if tree.nodes[node].kind != .folder { hasher.combine(tree.stamps[node]) }
            marks.append(hasher.finalize())
            return true
        }
        self.digest = digest
        self.paths = paths
        self.marks = marks
    }

    public static func == (left: FolderSnapshot, right: FolderSnapshot) -> Bool { left.digest == right.digest }
    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    fileprivate func changedEntries(since before: FolderSnapshot) -> [String] {
        var earlier = Dictionary(
            zip(before.paths.split(separator: 0), before.marks), uniquingKeysWith: { first, _ in first })
        var changed: [ArraySlice<UInt8>] = []
        for (path, mark) in zip(paths.split(separator: 0), marks) where earlier.removeValue(forKey: path) != mark {
            changed.append(path)
        }
        changed += earlier.keys
        return changed.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The last snapshot of each folder: stages that begin one after another share it.
struct FolderSnapshots {
    private struct Place: Hashable {
        let path: String
        let scope: DigestScope
    }

    private var last: [Place: (digest: Digest, snapshot: FolderSnapshot)] = [:]

    mutating func snapshot(of tree: FolderTree, at path: String, _ scope: DigestScope) -> FolderSnapshot {
        guard let digest = tree.manifestDigest(of: .stamp) else { preconditionFailure("stamps are always known") }
        let place = Place(path: path, scope: scope)
        if let known = last[place], known.digest == digest { return known.snapshot }
        let snapshot = FolderSnapshot(tree, digest: digest)
        last[place] = (digest, snapshot)
        return snapshot
    }
}
