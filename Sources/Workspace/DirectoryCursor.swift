// Walks down into folders and back up by open descriptors: few descriptors at any depth, no long paths, no links
// followed, and never up into another folder than it came from. Knows descriptors; does not know what a walk is for.

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
    private var above: [FileIdentity] = []

    /// Takes ownership of an open folder.
    init(_ descriptor: Int32) { folder = OpenFolder(descriptor) }

    /// The descriptor of the current folder.
    var descriptor: Int32 { folder.descriptor }

    /// Enters a folder.
    ///
    /// - Returns: 0, or the error number; the current folder is then unchanged.
    mutating func enter(_ name: UnsafePointer<CChar>) -> Int32 {
        guard let here = FileStatus.of(descriptor: descriptor)?.stamp.identity else { return errno }
        let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { return errno }
        above.append(here)
        folder = OpenFolder(inner)
        return 0
    }

    /// Goes back up. False if the folder was moved in the meantime, which ends the walk.
    mutating func leave() -> Bool {
        guard let parent = above.popLast() else { return false }
        let outer = openat(descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard outer >= 0 else { return false }
        let found = OpenFolder(outer)
        guard FileStatus.of(descriptor: outer)?.stamp.identity == parent else { return false }
        folder = found
        return true
    }
}
