// Which links to folders a walk follows, so that none leads in a circle. Knows identities of folders; does not know
// what the walk is for.

import Glibc
import Model

/// `O_PATH`: folders that may be passed, but not be listed, can be opened too.
private let onlyAsPath: Int32 = 0o10_000_000

/// The folders that a walk has listed, and those that it never enters through a link.
struct LinkTrail {
    /// The project's folder and the state folder.
    private let root: String
    private let stateFolder: String
    private var listed = Set<FileIdentity>()
    /// Folders that contain the walk's top or the project, and the state folder. Looked up for the first link.
    private var barred: Set<FileIdentity>?

    init(root: String, stateFolder: String) {
        self.root = root
        self.stateFolder = stateFolder
    }

    mutating func list(_ folder: FileIdentity) { listed.insert(folder) }

    /// Whether to enter a folder through a link. Not if it was listed, so that the contents count already, nor if it
    /// contains the walk's top or the project: the link then counts by the path that it holds.
    ///
    /// - Parameters:
    ///   - top: the walk's top.
    ///   - isRepeatable: whether a folder may be listed again. The walk must have an end of its own.
    mutating func mayFollow(to folder: FileIdentity, from top: Int32, isRepeatable: Bool = false) -> Bool {
        if !isRepeatable, listed.contains(folder) { return false }
        let barred = barred ?? Self.enclosing(top).union(enclosingRoot())
        self.barred = barred
        return !barred.contains(folder)
    }

    private func enclosingRoot() -> Set<FileIdentity> {
        var folders = Set<FileIdentity>()
        let descriptor = open(root.isEmpty ? "/" : root, onlyAsPath | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 {
            folders = Self.enclosing(descriptor)
            close(descriptor)
        }
        var status = stat()
        if stat(stateFolder, &status) == 0 { folders.insert(FileStatus(status).stamp.identity) }
        return folders
    }

    /// The folder and all those above it.
    private static func enclosing(_ folder: Int32) -> Set<FileIdentity> {
        var folders = Set<FileIdentity>()
        var current = OpenFolder(dup(folder))
        while let identity = FileStatus.of(descriptor: current.descriptor)?.stamp.identity,
            folders.insert(identity).inserted
        {
            let outer = openat(current.descriptor, "..", onlyAsPath | O_DIRECTORY | O_CLOEXEC)
            guard outer >= 0 else { break }
            current = OpenFolder(outer)
        }
        return folders
    }
}
