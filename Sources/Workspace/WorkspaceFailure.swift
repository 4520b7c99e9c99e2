// Errors of file operations. Knows their messages; does not know who reports them.

import Glibc

/// A file or folder that cannot be read, written or moved. The message names it and says what to do.
public struct WorkspaceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ sentence: String) { description = sentence }

    /// `what` with the system's reason, and advice for common ones.
    init(_ what: String, errno number: Int32) {
        let remedy =
            switch number {
            case EACCES, EPERM: ". Check its permissions and owner."
            case ELOOP: ". Fix its symbolic links, which form a loop."
            case ENOSPC, EDQUOT: ". Free some disk space and try again."
            case EROFS: ". The file system is mounted read-only."
            case EMFILE, ENFILE: ". Raise the limit on open files (ulimit -n)."
            default: ""
            }
        description = "\(what): \(String(cString: strerror(number)))\(remedy)"
    }
}
