// Which digests are cached, and which of them are trusted.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct CacheTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func aKnownFileIsNotReadAgain() throws {
        try folder.write("file", "four")
        try folder.write("d/x", "four")
        let first = folder.workspace()
        let found = try ["file", "d"].map { try first.fingerprint(of: $0, mode: .content) }
        #expect(first.bytesRead == 8)
        #expect(try ["file", "d"].map { try first.fingerprint(of: $0, mode: .content) } == found)
        #expect(first.bytesRead == 8)
        let entries = first.takeNewEntries()
        #expect(entries.map(\.path) == ["d", "file"])
        #expect(first.takeNewEntries().isEmpty)

        let second = folder.workspace(entries)
        #expect(try ["file", "d"].map { try second.fingerprint(of: $0, mode: .content) } == found)
        #expect(second.bytesRead == 0)
        #expect(second.takeNewEntries().isEmpty)

        let ignoring = Workspace(root: folder.folder, cache: entries, ignoresCache: true)
        _ = try ignoring.fingerprint(of: "file", mode: .content)
        #expect(ignoring.bytesRead == 4)
    }

    @Test func aFileIsReadOnceUnderAllItsNames() throws {
        try folder.write("d/x", "four")
        try folder.link("alias", to: "d/x")
        try #require(link(folder.path("d/x"), folder.path("hard")) == 0)
        let workspace = folder.workspace()
        for path in ["d", "d/x", "alias", "hard", folder.path("hard")] {
            _ = try workspace.fingerprint(of: path, mode: .content)
        }
        #expect(workspace.bytesRead == 4)
    }

    @Test func aRenamedFolderIsNotReadAgain() throws {
        try folder.write("d/sub/x", "four")
        let first = folder.workspace()
        let found = try first.fingerprint(of: "d", mode: .content)
        try #require(rename(folder.path("d"), folder.path("e")) == 0)
        #expect(try first.fingerprint(of: "e", mode: .content) == found)
        let second = folder.workspace(first.takeNewEntries())
        #expect(try second.fingerprint(of: "e", mode: .content) == found)
        #expect(first.bytesRead == 4 && second.bytesRead == 0)
    }

    /// Replaced by `cp -p`: size and mtime are the same, but ctime differs.
    @Test(arguments: ["file", "d/file"]) func sameSizeAndTimeIsReadAgain(path: String) throws {
        let asked = path == "file" ? "file" : "d"
        try folder.write(path, "one")
        try folder.setModified(path, nanoseconds: 1_000_000_000_000_000_007)
        let workspace = folder.workspace()
        let before = try workspace.fingerprint(of: asked, mode: .content)
        let (old, entries) = (try folder.stamp(path), workspace.takeNewEntries())
        repeat {
            try folder.write(path, "two")
            try folder.setModified(path, nanoseconds: 1_000_000_000_000_000_007)
        } while try folder.stamp(path) == old
        let new = try folder.stamp(path)
        #expect(new.modifiedNanoseconds == old.modifiedNanoseconds && new.sizeBytes == old.sizeBytes)
        for known in [workspace, folder.workspace(entries)] {
            #expect(try known.fingerprint(of: asked, mode: .content)?.digest != before?.digest)
        }
    }

    @Test func aFileWrittenInTheSameTickIsNotCached() throws {
        try folder.write("file", "one")
        try folder.write("d/young", "two")
        try folder.write("d/old", "three")
        let stamps = try ["file", "d/young", "d/old"].map { try folder.stamp($0) }
        let young = max(stamps[0].changedNanoseconds, stamps[1].changedNanoseconds)
        let step = FileSystemClock.granularity

        let atOnce = folder.workspace(now: .at(young + step - 1_000_000_000))
        let found = try ["file", "d"].map { try atOnce.fingerprint(of: $0, mode: .content) }
        #expect(atOnce.takeNewEntries().map(\.path) == ["d"])
        #expect(try ["file", "d"].map { try atOnce.fingerprint(of: $0, mode: .content) } == found)
        #expect(atOnce.bytesRead == 11, "within the process it is used")
        #expect(atOnce.takeNewEntries().isEmpty)

        let later = folder.workspace(now: .at(young + step + 1))
        _ = try ["file", "d"].map { try later.fingerprint(of: $0, mode: .content) }
        #expect(later.takeNewEntries().map(\.path) == ["d", "file"])
    }

    /// One file of a folder is older than the other by more than a tick; only that one is cached.
    @Test func filesOfAFolderAreTrustedOneByOne() throws {
        try folder.write("d/old", "four")
        let old = try folder.stamp("d/old")
        var young = old
        while young.changedNanoseconds <= old.changedNanoseconds {
            try folder.write("d/young", "young")
            young = try folder.stamp("d/young")
        }
        let first = folder.workspace(now: .at(old.changedNanoseconds + FileSystemClock.granularity + 1))
        let found = try first.fingerprint(of: "d", mode: .content)
        // Another file changes, so that the folder is cached again; what was not trusted is still not trusted.
        try folder.write("d/zero", "")
        _ = try first.fingerprint(of: "d", mode: .content)
        unlink(folder.path("d/zero"))
        #expect(try first.fingerprint(of: "d", mode: .content) == found)
        let second = folder.workspace(first.takeNewEntries())
        #expect(try second.fingerprint(of: "d", mode: .content) == found)
        #expect(second.bytesRead == 5)
        #expect(second.takeNewEntries().map(\.path) == ["d"], "it is trusted from now on")
    }

    @Test func aLargeFileIsDigestedOnceItIsStable() throws {
        try folder.makeFolder(".runs")
        try folder.write("large", String(repeating: "x", count: 5 << 20))
        let workspace = Workspace(root: folder.folder, cache: [])
        _ = try workspace.fingerprint(of: "large", mode: .content)
        #expect(workspace.takeNewEntries().map(\.path) == ["large"])
        #expect(folder.exists(".runs/clock"))
    }

    static let stamps: [(modified: Int64, changed: Int64, now: Int64, isStable: Bool)] = [
        // Fine stamps: 20 ms.
        (5_000_000_001, 5_000_000_001, 5_020_000_001, false), (5_000_000_001, 5_000_000_001, 5_020_000_002, true),
        // The later of the two counts.
        (1, 5_000_000_001, 5_020_000_001, false), (5_000_000_001, 1, 5_020_000_001, false),
        // Whole seconds: 2.1 s.
        (5_000_000_000, 5_000_000_000, 7_100_000_000, false), (5_000_000_000, 5_000_000_000, 7_100_000_001, true),
        // A time in the future is never trusted.
        (.max, 1, 7_100_000_001, false), (9_000_000_001, 1, 7_100_000_001, false),
    ]

    @Test(arguments: stamps) func clock(modified: Int64, changed: Int64, now: Int64, isStable: Bool) {
        let stamp = FileStamp(
            device: 1, inode: 1, sizeBytes: 1, modifiedNanoseconds: modified, changedNanoseconds: changed)
        #expect(FileSystemClock { _ in now }.isStable(stamp) == isStable)
        #expect(FileSystemClock { _ in now }.waitUntilStable(stamp) == isStable)
    }

    /// A device that has shown a fraction of a second has stamps in nanoseconds; other devices do not.
    @Test func whetherStampsAreFineIsKnownPerDevice() {
        func stamp(_ device: UInt64, _ time: Int64) -> FileStamp {
            FileStamp(device: device, inode: 1, sizeBytes: 1, modifiedNanoseconds: time, changedNanoseconds: time)
        }
        let clock = FileSystemClock { _ in 6_000_000_000 }
        #expect(!clock.isStable(stamp(1, 5_000_000_000)))
        #expect(clock.isStable(stamp(1, 5_000_000_001)))
        #expect(clock.isStable(stamp(1, 5_000_000_000)))
        #expect(!clock.isStable(stamp(2, 5_000_000_000)))
    }

    @Test func aReusedInodeIsTheLaterFile() throws {
        try folder.write("file", "new")
        let first = folder.workspace()
        let found = try first.fingerprint(of: "file", mode: .content)
        let entry = try #require(first.takeNewEntries().first)
        var stale = entry
        stale.path = "formerly"
        stale.stamp.changedNanoseconds -= 1
        for cache in [[entry, stale], [stale, entry]] {
            let workspace = folder.workspace(cache)
            #expect(try workspace.fingerprint(of: "file", mode: .content) == found)
            #expect(workspace.bytesRead == 0)
        }
    }

    @Test(arguments: testSeeds(count: 3)) func encodingIsReversible(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let contents = try (0..<200).map { _ in
            func any() -> UInt64 { random.next() >> (random.next() % 64) }
            func signed() -> Int64 { Int64(bitPattern: any()) }
            return KnownContent(
                stamp: FileStamp(
                    device: any(), inode: any(), sizeBytes: signed(), modifiedNanoseconds: signed(),
                    changedNanoseconds: signed()),
                known: KnownDigest(
                    digest: try #require(Digest(bytes: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) })),
                    isTrusted: random.next() % 4 > 0))
        }
        let kept = try #require(FolderContents(encoded: FolderContents(contents).encoded))
        #expect(Array(kept) == contents.filter(\.known.isTrusted), "seed \(seed)")
        #expect(try Array(#require(FolderContents(encoded: FolderContents([]).encoded))) == [])
    }

    @Test func corruptionIsDetected() throws {
        try folder.write("d/x", "four")
        try folder.write("d/y", "five")
        let first = folder.workspace()
        let found = try first.fingerprint(of: "d", mode: .content)
        let entry = try #require(first.takeNewEntries().first)
        let tree = try #require(entry.tree)
        var damaged: [[UInt8]] = (0..<tree.count).map { Array(tree[..<$0]) }
        for index in tree.indices {
            var bytes = tree
            bytes[index] ^= 0x41
            damaged.append(bytes)
        }
        damaged.append(tree + [0])
        damaged.append([UInt8](repeating: 0xFF, count: 100))
        for bytes in damaged { #expect(FolderContents(encoded: bytes) == nil) }
        var bad = entry
        bad.tree = damaged.last
        let second = folder.workspace([bad])
        #expect(try second.fingerprint(of: "d", mode: .content) == found)
        #expect(second.bytesRead == 8)
    }

    @Test func twentyThousandFilesAreReadOnce() async throws {
        try folder.makeFolder("d")
        for number in 0..<20_000 {
            if number % 200 == 0 { try #require(mkdir(folder.path("d/\(number / 200)"), 0o777) == 0) }
            let descriptor = open(folder.path("d/\(number / 200)/\(number)"), O_CREAT | O_WRONLY, 0o644)
            try #require(descriptor >= 0 && Glibc.write(descriptor, "\(number % 10)", 1) == 1)
            close(descriptor)
        }
        let first = folder.workspace()
        let found = try await first.fingerprints(of: [("d", .content)])[0].get()
        #expect(found?.sizeBytes == 20_000)
        #expect(first.bytesRead == 20_000)
        let second = folder.workspace(first.takeNewEntries())
        #expect(try second.fingerprint(of: "d", mode: .content) == found)
        #expect(second.bytesRead == 0)
        try folder.write("d/7/1500", "A")
        #expect(try second.fingerprint(of: "d", mode: .content) != found)
        #expect(second.bytesRead == 1)
    }
}
