// Going down into a folder and up again through open descriptors. Few of them at any depth, no path that can grow
// too long, no link followed, and no way up into a folder that it did not come down from.

import Glibc
import Model

/// A folder that stays open as long as somebody looks into it.
final class OpenFolder: Sendable {
    let descriptor: Int32

    /// Takes over the descriptor.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// The place in a tree of folders where a walk stands.
struct DirectoryCursor: ~Copyable {
    /// Where it stands.
    private(set) var folder: OpenFolder
    private var above: [FileIdentity] = []

    /// Takes over an open folder.
    init(_ descriptor: Int32) { folder = OpenFolder(descriptor) }

    /// Of the folder where it stands.
    var descriptor: Int32 { folder.descriptor }

    /// Goes into a folder.
    ///
    /// - Returns: 0, or the error number with which it could not be opened; then the walk stands where it stood.
    mutating func enter(_ name: UnsafePointer<CChar>) -> Int32 {
        guard let here = FileStatus.of(descriptor: descriptor)?.stamp.identity else { return errno }
        let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { return errno }
        above.append(here)
        folder = OpenFolder(inner)
        return 0
    }

    /// Goes back up. False: the folder was moved meanwhile, and the walk is over.
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
