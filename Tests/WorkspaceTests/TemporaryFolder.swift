// A temporary folder for one test, removed at its end.

import Glibc
import Model
import Testing

@testable import Workspace

final class TemporaryFolder {
    let path: String

    init(under parent: String = "/tmp") throws {
        var template = Array("\(parent)/workspace-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw WorkspaceFailure("no temporary folder", errno: errno) }
        path = String(cString: made)
    }

    deinit { try? Removal.remove(path, shownAs: path) }

    func absolute(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws {
        let area = OutputArea(root: path)
        try area.makeParents(of: name)
        try area.write(text, to: name)
    }

    func read(_ name: String) -> String? {
        let descriptor = open(absolute(name), O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    func makeFolder(_ name: String) throws {
        try OutputArea(root: path).makeParents(of: name + "/x")
    }

    func link(_ name: String, to target: String) throws {
        try OutputArea(root: path).makeParents(of: name)
        try #require(symlink(target, absolute(name)) == 0)
    }

    func exists(_ name: String) -> Bool { OutputArea(root: path).exists(name) }

    func setModified(_ name: String, nanoseconds: Int64) throws {
        let time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        try #require(utimensat(AT_FDCWD, absolute(name), [time, time], AT_SYMLINK_NOFOLLOW) == 0)
    }

    func stamp(_ name: String) throws -> FileStamp { try #require(try workspace().stamp(of: name)) }

    /// A workspace that knows only the cache.
    func workspace(_ cache: [DigestCacheEntry] = [], now: Now = .later) -> Workspace {
        let clock = FileSystemClock { _ in
            switch now {
            case .later: .max
            case .longAgo: 0
            case .at(let time): time
            }
        }
        return Workspace(root: path, cache: cache, clock: clock)
    }

    /// The time of the file system's clock.
    enum Now {
        /// So late that every digest can be trusted.
        case later
        /// So early that none can be trusted.
        case longAgo
        case at(Int64)
    }

    func digest(_ name: String) throws -> Digest? { try workspace().fingerprint(of: name, mode: .content)?.digest }
}
