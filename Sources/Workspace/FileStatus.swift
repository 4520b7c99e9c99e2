// `stat`, in the words of the model.

import Glibc
import Model

/// What `stat` says, as far as digesting needs it.
struct FileStatus {
    enum Kind { case file, directory, link, other }

    let kind: Kind
    let stamp: FileStamp
    let isExecutable: Bool

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        isExecutable = status.st_mode & S_IXUSR != 0
        stamp = FileStamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeBytes: Int64(status.st_size),
            modifiedNanoseconds: nanoseconds(status.st_mtim), changedNanoseconds: nanoseconds(status.st_ctim))
    }

    /// Follows links. nil: nothing is there (also a dangling link).
    static func of(_ path: String, shownAs name: String) throws(WorkspaceFailure) -> FileStatus? {
        var status = stat()
        if stat(path, &status) == 0 { return FileStatus(status) }
        switch errno {
        case ENOENT, ENOTDIR: return nil
        default: throw WorkspaceFailure("'\(name)' cannot be looked at", errno: errno)
        }
    }
}

func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }
