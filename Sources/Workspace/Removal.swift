// Removing whole folders: at any depth, following no link, opening up what was made read-only.

import Glibc
import Model

enum Removal {
    /// Removes a file, a link or a folder with all it holds. Nothing there is no error.
    static func remove(_ full: String, shownAs shown: String) throws(WorkspaceFailure) {
        if unlink(full) == 0 || errno == ENOENT || errno == ENOTDIR { return }
        let number = errno
        guard let status = FileStatus.of(full, in: AT_FDCWD), status.kind == .folder else {
            throw WorkspaceFailure("'\(shown)' cannot be removed", errno: number)
        }
        let top = openFolder(full, in: AT_FDCWD)
        guard top >= 0 else { throw WorkspaceFailure("the folder '\(shown)' cannot be removed", errno: errno) }
        var descent = DirectoryCursor(top)
        // Of each folder that the walk is inside of, the folders in it that are still there.
        var open = [try clear(descent.descriptor, shownAs: shown)]
        while let last = open.indices.last {
            if let name = open[last].last {
                let problem = enter(name, &descent)
                guard problem == 0 else {
                    throw WorkspaceFailure("a folder in '\(shown)' cannot be removed", errno: problem)
                }
                open.append(try clear(descent.descriptor, shownAs: shown))
            } else {
                open.removeLast()
                guard let outer = open.indices.last, let name = open[outer].popLast() else { break }
                guard descent.leave() else {
                    throw WorkspaceFailure("'\(shown)' was moved while it was removed. Look at what is left of it.")
                }
                guard unlinkat(descent.descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
                    throw WorkspaceFailure("a folder in '\(shown)' cannot be removed", errno: errno)
                }
            }
        }
        guard rmdir(full) == 0 || errno == ENOENT else {
            throw WorkspaceFailure("the folder '\(shown)' cannot be removed", errno: errno)
        }
    }

    /// Removes all but folders, and names those.
    private static func clear(_ folder: Int32, shownAs shown: String) throws(WorkspaceFailure) -> [[CChar]] {
        var status = stat()
        if fstat(folder, &status) == 0, status.st_mode & S_IRWXU != S_IRWXU { fchmod(folder, status.st_mode | S_IRWXU) }
        guard let listing = FolderListing(descriptor: folder) else {
            throw WorkspaceFailure("a folder in '\(shown)' cannot be listed", errno: errno)
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
                throw WorkspaceFailure("'\(inner)' in '\(shown)' cannot be removed", errno: number)
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
