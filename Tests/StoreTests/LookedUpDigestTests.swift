// Digests that commands cache which record nothing else.

import CSQLite
import Glibc
import Model
import RunsSQL
import Testing

@testable import Store

@Suite struct LookedUpDigestTests {
    let project: Project
    init() throws { project = try Project() }

    private let entries = [
        DigestCacheEntry(
            path: "data", mode: .content,
            stamp: FileStamp(device: 1, inode: 2, sizeBytes: 3, modifiedNanoseconds: 4, changedNanoseconds: 5),
            fingerprint: Fingerprint(kind: .content, digest: digest(1), sizeBytes: 3))
    ]

    private func cached() throws -> [DigestCacheEntry] { try project.store(.read).cachedDigests() }

    @Test func theyAreCached() throws {
        _ = try project.store()
        Store.cacheDigests(entries, inStoreAt: project.storePath)
        #expect(try cached() == entries)
    }

    @Test func aLockIsNotWaitedFor() throws {
        let store = try project.store()
        try store.inTransaction { () throws(Failure) in
            Store.cacheDigests(entries, inStoreAt: project.storePath)
        }
        #expect(try cached().isEmpty)
    }

    @Test func aRunIsNotDisturbed() throws {
        let store = try project.store()
        let run = try store.beginRun(runStart(), liveness: liveness)
        Store.cacheDigests(entries, inStoreAt: project.storePath)
        #expect(try cached().isEmpty)
        try store.finishRun(run, status: .succeeded, counts: RunCounts(), finishedAt: time(1), wallSeconds: 1)
        Store.cacheDigests(entries, inStoreAt: project.storePath)
        #expect(try cached() == entries)
    }

    @Test func noStoreIsCreatedOrNeeded() throws {
        Store.cacheDigests(entries, inStoreAt: project.storePath)
        #expect(project.files.isEmpty)
        try project.write("other.db", "text")
        Store.cacheDigests(entries, inStoreAt: project.path("other.db"))
        #expect(project.read("other.db") == "text")
    }

    @Test func aReadOnlyFolderIsLeftAlone() throws {
        _ = try project.store()
        let files = project.files
        try project.readOnly { Store.cacheDigests(entries, inStoreAt: project.storePath) }
        #expect(project.files == files)
        #expect(try cached().isEmpty)
    }
}
