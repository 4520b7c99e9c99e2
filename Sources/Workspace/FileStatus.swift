// Calls `stat` and converts the result to types of the model. Knows system calls; does not know digests.

import Glibc
import Model

/// The identity of a file, which a rename does not change.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
}

extension FileStamp {
    var identity: FileIdentity { FileIdentity(device: device, inode: inode) }

    /// An identity that no file has.
    static let nothing = FileStamp(device: 0, inode: 0, sizeBytes: 0, modifiedNanoseconds: 0, changedNanoseconds: 0)
}

/// The result of `stat`, as far as digesting needs it.
struct FileStatus: Sendable {
    enum Kind { case file, folder, link, other }

    let kind: Kind
    let stamp: FileStamp
    let isExecutable: Bool
    let isWritableByOthers: Bool

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        isExecutable = status.st_mode & S_IXUSR != 0
        isWritableByOthers = status.st_mode & S_IWOTH != 0
        stamp = FileStamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeBytes: Int64(status.st_size),
            modifiedNanoseconds: nanoseconds(status.st_mtim), changedNanoseconds: nanoseconds(status.st_ctim))
    }

    /// Follows links. nil if the path does not exist or is a dangling link.
    static func of(_ path: String, shownAs name: String) throws(WorkspaceFailure) -> FileStatus? {
        var status = stat()
        if stat(path, &status) == 0 { return FileStatus(status) }
        switch errno {
        case ENOENT, ENOTDIR: return nil
        default: throw WorkspaceFailure("cannot stat '\(name)'", errno: errno)
        }
    }

    /// The status of an open file; nil on error.
    static func of(descriptor: Int32) -> FileStatus? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? FileStatus(status) : nil
    }

    /// The status of a name in an open folder; nil with errno on error.
    static func of(_ name: UnsafePointer<CChar>, in folder: Int32, followsLink: Bool = false) -> FileStatus? {
        var status = stat()
        return fstatat(folder, name, &status, followsLink ? 0 : AT_SYMLINK_NOFOLLOW) == 0 ? FileStatus(status) : nil
    }
}

func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }
