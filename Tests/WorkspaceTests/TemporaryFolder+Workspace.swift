// What these tests read from a temporary folder and do to its files.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

extension TemporaryFolder {
    func setModified(_ name: String, nanoseconds: Int64) throws {
        let time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        try #require(utimensat(AT_FDCWD, path(name), [time, time], AT_SYMLINK_NOFOLLOW) == 0)
    }

    func stamp(_ name: String) throws -> FileStamp { try #require(try workspace().stamp(of: name)) }

    /// One that starts with nothing known but the cache.
    func workspace(_ cache: [DigestCacheEntry] = [], now: Now = .later) -> Workspace {
        let clock = FileSystemClock { _ in
            switch now {
            case .later: .max
            case .longAgo: 0
            case .at(let time): time
            }
        }
        return Workspace(root: folder, cache: cache, clock: clock)
    }

    /// What the file system's clock says.
    enum Now {
        /// Every digest can be trusted.
        case later
        /// None can.
        case longAgo
        case at(Int64)
    }

    func digest(_ name: String) throws -> Digest? { try workspace().fingerprint(of: name, mode: .content)?.digest }
}

extension Workspace {
    /// As an output is digested.
    func fingerprint(of path: String, mode: DigestMode) throws(WorkspaceFailure) -> Fingerprint? {
        try fingerprint(of: path, scope: DigestScope(mode))
    }

    func observation(of path: String, mode: DigestMode) throws(WorkspaceFailure) -> Observation? {
        try observation(of: path, scope: DigestScope(mode))
    }

    func fingerprints(
        of requests: [(path: String, mode: DigestMode)]
    ) async -> [Result<Fingerprint?, WorkspaceFailure>] {
        await contents(of: requests.map { ($0.path, DigestScope($0.mode)) }).map { $0.map { $0?.fingerprint } }
    }

    /// As an input is digested.
    func read(_ path: String, _ exclusions: Exclusions = .standard) throws(WorkspaceFailure) -> Fingerprint? {
        try fingerprint(of: path, scope: DigestScope(.content, followsLinks: true, exclusions: exclusions))
    }
}
