// Opens files of the state folder. Stages can write to that folder, so whatever lies there may be a link to another
// file, or a FIFO that blocks its reader. Knows how to open; does not know the names or the content.

import Glibc

/// A regular file of the state folder.
public enum StateFile {
    /// Why a file could not be opened.
    public struct Failure: Error, Hashable, Sendable {
        public let errno: Int32
        /// A link, a FIFO, a folder or a device lies there.
        public let isOtherKind: Bool
        public var isMissing: Bool { errno == ENOENT }

        /// `it is not a regular file`, or the system's reason.
        public var reason: String {
            isOtherKind ? "it is a link, or not a regular file; remove it" : String(cString: strerror(errno))
        }
    }

    /// The permissions of a new file: the user and the umask decide about the group; others never get write access.
    public static let permissions: mode_t = 0o664
    /// The same for a folder.
    public static let folderPermissions: mode_t = 0o775

    /// Opens the file without following a link at the path itself and without blocking.
    ///
    /// - Parameter flags: the access mode, and O_CREAT or O_TRUNC, which applies to regular files only.
    public static func open(
        _ path: String, _ flags: Int32, permissions: mode_t = StateFile.permissions
    ) throws(Failure) -> Int32 {
        let descriptor = Glibc.open(
            path, flags & ~O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, permissions)
        guard descriptor >= 0 else {
            let number = errno
            // ENXIO: a FIFO without a reader, or a socket. EISDIR: a folder that was to be written.
            throw Failure(errno: number, isOtherKind: number == ELOOP || number == ENXIO || number == EISDIR)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Failure(errno: EINVAL, isOtherKind: true)
        }
        if flags & O_TRUNC != 0, status.st_size > 0, ftruncate(descriptor, 0) != 0 {
            let number = errno
            close(descriptor)
            throw Failure(errno: number, isOtherKind: false)
        }
        return descriptor
    }

    /// The text of the file; nil if it cannot be opened or read.
    public static func text(_ path: String) -> String? {
        guard let descriptor = try? open(path, O_RDONLY) else { return nil }
        defer { close(descriptor) }
        return readText(descriptor)
    }
}

/// Takes the write permission of others from a file, or from a folder and all that is in it. What belongs to another
/// user, or lies on a file system without permissions, stays as it is.
///
/// - Returns: whether others could write to the path itself. If not, nothing was looked at inside.
@discardableResult
public func removeWriteAccessOfOthers(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IWOTH != 0, status.st_mode & S_IFMT != S_IFLNK else {
        return false
    }
    chmod(path, status.st_mode & 0o7777 & ~mode_t(S_IWOTH))
    guard status.st_mode & S_IFMT == S_IFDIR, let folder = opendir(path) else { return true }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if name == [46] || name == [46, 46] { continue }
        removeWriteAccessOfOthers("\(path)/\(String(decoding: name, as: UTF8.self))")
    }
    return true
}

/// Whether programs create files that all users may write to, unless they take care. True if that is not known.
public func umaskPermitsWritingByOthers() -> Bool {
    // `umask` would change it for a moment, also for other threads.
    let line = readText("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Umask:") }
    let digits = line?.dropFirst("Umask:".count).drop { $0 == " " || $0 == "\t" }
    guard let mask = digits.flatMap({ mode_t($0, radix: 8) }) else { return true }
    return mask & S_IWOTH == 0
}
