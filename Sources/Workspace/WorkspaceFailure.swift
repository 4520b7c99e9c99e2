// What goes wrong with files, as sentences.

import Glibc

/// A file or folder that cannot be read, written or moved: a sentence that names it and says what to do.
public struct WorkspaceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ sentence: String) { description = sentence }

    /// `what` with the operating system's reason, and what can be done about the common ones.
    init(_ what: String, errno number: Int32) {
        let remedy =
            switch number {
            case EACCES, EPERM: ". Check its permissions and its owner."
            case ELOOP: ". Its links lead in a circle: correct them."
            case ENOSPC, EDQUOT: ". Make room, then try again."
            case EROFS: ". The file system is mounted read-only."
            case EMFILE, ENFILE: ". Raise the limit on open files (ulimit -n)."
            default: ""
            }
        description = "\(what): \(String(cString: strerror(number)))\(remedy)"
    }
}
