// How much space files use and how much is free. Knows sizes from `stat`, for display only: unreadable files count as
// 0. Does not know what the space is for.

import Glibc
import Model

/// The size of a file or of all files in a folder in bytes, without following links. 0 if it does not exist.
public func bytes(ofTree path: String) -> Int64 {
    guard let top = FileStatus.of(path, in: AT_FDCWD) else { return 0 }
    guard top.kind == .folder else { return top.stamp.sizeBytes }
    var total: Int64 = 0
    var pending = [Array(path.utf8)]
    while let folder = pending.popLast() {
        let name = folder.map { CChar(bitPattern: $0) } + [0]
        let descriptor = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { continue }
        defer { close(descriptor) }
        guard let listing = FolderListing(descriptor: descriptor) else { continue }
        for entry in listing.entries {
            switch entry.kind {
            case .folder: pending.append(folder + [UInt8(ascii: "/")] + listing.name(of: entry))
            case .file:
                let status = listing.withName(at: entry.nameStart) { FileStatus.of($0, in: descriptor) }
                total += status?.stamp.sizeBytes ?? 0
            case .link, .other: break
            }
        }
    }
    return total
}

/// The bytes that this user can still write to the folder's file system; nil if unknown.
public func freeBytes(ofFolder path: String) -> Int64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
}
