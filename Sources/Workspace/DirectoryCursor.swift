// Walks down into folders and back up by open descriptors: few descriptors at any depth, no long paths, links followed
// only where that is asked for, and never up into another folder than it came from. Knows descriptors; does not know what a walk is for.

import Glibc
import Model

/// An open folder, closed with its last reference.
final class OpenFolder: Sendable {
    let descriptor: Int32

    /// Takes ownership of the descriptor.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// The current folder of a walk.
struct DirectoryCursor: ~Copyable {
    /// The names from the top to the current folder.
    private(set) var folder: OpenFolder
    /// Of the current folder; nil on error.
    private(set) var identity: FileIdentity?
    /// The folders that were left for those in them; open if a link led on, since `..` does not lead back then.
    private var above: [(identity: FileIdentity, folder: OpenFolder?)] = []

    /// Takes ownership of an open folder.
    init(_ descriptor: Int32) {
        folder = OpenFolder(descriptor)
        identity = FileStatus.of(descriptor: descriptor)?.stamp.identity
    }

    /// The descriptor of the current folder.
    var descriptor: Int32 { folder.descriptor }

    /// Enters a folder.
    ///
    /// - Parameter isLink: whether the name is a link, which is followed.
    /// - Returns: 0, or the error number; the current folder is then unchanged.
    mutating func enter(_ name: UnsafePointer<CChar>, isLink: Bool = false) -> Int32 {
        guard let here = identity else { return EIO }
        let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | (isLink ? 0 : O_NOFOLLOW) | O_CLOEXEC)
        guard inner >= 0 else { return errno }
        let entered = OpenFolder(inner)
        guard let there = FileStatus.of(descriptor: inner)?.stamp.identity else { return errno }
        above.append((here, isLink ? folder : nil))
        folder = entered
        identity = there
        return 0
    }

    /// Goes back up. False if the folder was moved in the meantime, which ends the walk.
    mutating func leave() -> Bool {
        guard let parent = above.popLast() else { return false }
        identity = parent.identity
        if let folder = parent.folder {
            self.folder = folder
            return true
        }
        let outer = openat(descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard outer >= 0 else { return false }
        let found = OpenFolder(outer)
        guard FileStatus.of(descriptor: outer)?.stamp.identity == parent.identity else { return false }
        folder = found
        return true
    }
}
