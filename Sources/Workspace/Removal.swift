// Removes whole folders at any depth, without following links, even if they are read-only. Knows folders; does not know
// which ones may be removed.

import Glibc
import Model

enum Removal {
    /// Removes a file, a link or a folder with its content, if it exists.
    static func remove(_ full: String, shownAs shown: String) throws(WorkspaceFailure) {
        if unlink(full) == 0 || errno == ENOENT || errno == ENOTDIR { return }
        let number = errno
        guard let status = FileStatus.of(full, in: AT_FDCWD), status.kind == .folder else {
            throw WorkspaceFailure("cannot remove '\(shown)'", errno: number)
        }
        let top = openFolder(full, in: AT_FDCWD)
        guard top >= 0 else { throw WorkspaceFailure("cannot remove the folder '\(shown)'", errno: errno) }
        var descent = DirectoryCursor(top)
        // The remaining folders in the current folder and those above it.
        var open = [try clear(descent.descriptor, shownAs: shown)]
        while let last = open.indices.last {
            if let name = open[last].last {
                let problem = enter(name, &descent)
                guard problem == 0 else {
                    throw WorkspaceFailure("cannot remove a folder in '\(shown)'", errno: problem)
                }
                open.append(try clear(descent.descriptor, shownAs: shown))
            } else {
                open.removeLast()
                guard let outer = open.indices.last, let name = open[outer].popLast() else { break }
                guard descent.leave() else {
                    throw WorkspaceFailure("'\(shown)' was moved during its removal. Check what is left of it.")
                }
                guard unlinkat(descent.descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
                    throw WorkspaceFailure("cannot remove a folder in '\(shown)'", errno: errno)
                }
            }
        }
        guard rmdir(full) == 0 || errno == ENOENT else {
            throw WorkspaceFailure("cannot remove the folder '\(shown)'", errno: errno)
        }
    }

    /// Removes all entries but folders, and returns these.
    private static func clear(_ folder: Int32, shownAs shown: String) throws(WorkspaceFailure) -> [[CChar]] {
        var status = stat()
        if fstat(folder, &status) == 0, status.st_mode & S_IRWXU != S_IRWXU { fchmod(folder, status.st_mode | S_IRWXU) }
        guard let listing = FolderListing(descriptor: folder) else {
            throw WorkspaceFailure("cannot list a folder in '\(shown)'", errno: errno)
        }
        var folders: [[CChar]] = []
        for entry in listing.entries {
            let bytes = listing.name(of: entry)
            let name = bytes.map { CChar(bitPattern: $0) } + [0]
            if entry.kind == .folder {
                folders.append(name)
            } else if unlinkat(folder, name, 0) != 0, errno != ENOENT {
                let number = errno
                let inner = String(decoding: bytes, as: UTF8.self)
                throw WorkspaceFailure("cannot remove '\(inner)' in '\(shown)'", errno: number)
            }
        }
        return folders
    }

    private static func enter(_ name: [CChar], _ descent: inout DirectoryCursor) -> Int32 {
        let problem = descent.enter(name)
        guard problem == EACCES, FileStatus.of(name, in: descent.descriptor)?.kind == .folder else { return problem }
        fchmodat(descent.descriptor, name, S_IRWXU, 0)
        return descent.enter(name)
    }

    private static func openFolder(_ name: String, in folder: Int32) -> Int32 {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(folder, name, flags)
        guard descriptor < 0, errno == EACCES else { return descriptor }
        fchmodat(folder, name, S_IRWXU, 0)
        return openat(folder, name, flags)
    }
}
