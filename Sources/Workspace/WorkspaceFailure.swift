// What goes wrong with files, as sentences.

import Glibc

/// A file or folder that cannot be read, written or moved.
public struct WorkspaceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ sentence: String) { description = sentence }

    /// `what` with the operating system's reason.
    init(_ what: String, errno number: Int32) { description = "\(what): \(String(cString: strerror(number)))" }
}
