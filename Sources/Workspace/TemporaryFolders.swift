// Folders for temporary files, inside one folder that belongs to this user alone and can be found again by a link.
// Knows folders; does not know who uses them.

import Glibc
import Model

/// Creates empty folders below `TMPDIR`. One that comes back empty is used again: on many file systems, creating and
/// removing a folder takes longer than a small program.
public struct TemporaryFolders {
    private let link: String
    private let places: [String]
    private var outer: String?
    private var unused: [String] = []
    private var count = 0
    /// Why the first of the places is not used; reported once.
    private var refusal: String?

    /// Creates nothing yet.
    ///
    /// - Parameters:
    ///   - places: absolute paths of folders, the first that can be written to is used.
    ///   - link: the absolute path of a link to the outer folder, for `remove(linkedFrom:)`.
    public init(in places: [String], link: String) {
        self.places = places
        self.link = link
    }

    /// The path of an empty folder, with mode 700.
    public mutating func take() throws(WorkspaceFailure) -> String {
        while let last = unused.popLast() {
            // Programs that clean up /tmp may have removed it.
            if access(last, W_OK) == 0 { return last }
        }
        for isLastTry in [false, true] {
            if outer == nil { outer = try makeOuter() }
            guard let folder = outer else { break }
            let path = "\(folder)/\(count)"
            count += 1
            if mkdir(path, 0o700) == 0 { return path }
            if isLastTry || errno != ENOENT {
                throw WorkspaceFailure("cannot create the temporary folder '\(path)'", errno: errno)
            }
            outer = nil
        }
        throw WorkspaceFailure("cannot create a temporary folder")
    }

    /// Takes back a folder that is not used any more.
    ///
    /// - Returns: false if something is left in it, so that it has to be removed by `remove`.
    public mutating func giveBack(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode == S_IFDIR | 0o700,
            FolderListing(descriptor: descriptor)?.entries.isEmpty == true
        else { return false }
        unused.append(path)
        return true
    }

    /// Why temporary files are elsewhere than in the first place; nil the second time.
    public mutating func takeRefusal() -> String? {
        defer { refusal = nil }
        return refusal
    }

    private mutating func makeOuter() throws(WorkspaceFailure) -> String {
        var problem = WorkspaceFailure("there is no place for temporary folders")
        for place in places {
            for _ in 0..<10 {
                let path = "\(place)/\(Self.prefix)\(Self.randomDigits())"
                // The link comes first: whatever is created can be found again.
                unlink(link)
                guard symlink(path, link) == 0 else {
                    throw WorkspaceFailure("cannot create the link '\(link)'", errno: errno)
                }
                if mkdir(path, 0o700) == 0 {
                    if place != places.first { refusal = "\(problem) Temporary files are in '\(place)'." }
                    return path
                }
                problem = WorkspaceFailure("cannot create a folder in '\(place)'", errno: errno)
                if errno != EEXIST { break }
            }
        }
        throw problem
    }

    /// Short: the path of a socket may have 107 bytes.
    private static let prefix = "runs-"
    private static let digits = 8

    private static func randomDigits() -> String {
        let text = String(UInt32.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// Removes a folder that `take` has returned.
    public static func remove(_ path: String) throws(WorkspaceFailure) { try Removal.remove(path, shownAs: path) }

    /// Removes the outer folder that the link leads to, if there is one.
    public static func remove(linkedFrom link: String) throws(WorkspaceFailure) {
        guard let path = target(of: link), let slash = path.lastIndex(of: "/") else { return }
        let name = path[path.index(after: slash)...]
        var status = stat()
        // Whatever else a stage has put there is not removed.
        guard name.hasPrefix(prefix), name.utf8.count == prefix.utf8.count + digits,
            name.dropFirst(prefix.count).allSatisfy({ $0.isASCII && $0.isHexDigit }), lstat(path, &status) == 0,
            status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid()
        else { return }
        try Removal.remove(path, shownAs: path)
    }

    private static func target(of link: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
