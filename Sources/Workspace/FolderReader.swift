// Reads the files of a walked folder in the order of the walk. Knows how to reach them without long paths; does not
// know what the digests are for.

import Glibc
import Model

struct FolderReader: ~Copyable {
    private let tree: FolderTree
    private var descent: DirectoryCursor
    /// The nodes of the current folder and those above it.
    private var chain: [Int] = []

    /// nil if the folder does not exist any longer.
    init?(_ tree: FolderTree, of full: String) {
        let top = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else { return nil }
        self.tree = tree
        descent = DirectoryCursor(top)
    }

    /// Goes to the folder of a node; false if it was deleted or replaced.
    mutating func approach(_ node: Int) -> Bool {
        let parent = tree.folder(of: node)
        if parent == chain.last ?? -1 { return true }
        let wanted = tree.chain(to: parent)
        let shared = zip(chain, wanted).prefix { $0 == $1 }.count
        while chain.count > shared {
            guard descent.leave() else { return false }
            chain.removeLast()
        }
        for folder in wanted[shared...] {
            let isLink = tree.nodes[folder].isFollowed
            guard tree.withName(of: folder, { descent.enter($0, isLink: isLink) }) == 0 else { return false }
            chain.append(folder)
        }
        return true
    }

    /// The digest of a file or link in the current folder; nil if it changed since the walk.
    func digest(of node: Int, through buffer: ReadBuffer, shownAs shown: String) throws(WorkspaceFailure) -> Digest? {
        let stamp = tree.stamps[node]
        let folder = descent.descriptor
        if tree.nodes[node].kind == .link {
            return tree.withName(of: node) { FileDigest.of(link: $0, in: folder, expecting: stamp) }
        }
        return try tree.withName(of: node) { name throws(WorkspaceFailure) in
            try FileDigest.of(
                file: name, in: folder, expecting: stamp, through: buffer,
                shownAs: "\(shown)/\(tree.shownPath(of: node))")
        }
    }
}
