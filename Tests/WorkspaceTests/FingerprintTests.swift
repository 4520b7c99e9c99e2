// Fingerprints of files and folders, and errors while reading them.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct FingerprintTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func fileIsTheSHA256OfItsBytes(text: String, hex: String) throws {
        try folder.write("file", text)
        let found = try #require(try folder.workspace().fingerprint(of: "file", mode: .content))
        let digest = try #require(Digest(hex: hex))
        #expect(found == Fingerprint(kind: .content, digest: digest, sizeBytes: Int64(text.utf8.count)))
        #expect(try folder.workspace().fingerprint(of: folder.path("file"), mode: .content) == found)
    }

    @Test(arguments: [ReadBuffer.largestBytes - 1, ReadBuffer.largestBytes, ReadBuffer.largestBytes + 1])
    func filesOfTheBufferSizeAreReadCompletely(count: Int) throws {
        try folder.write("file", String(repeating: "x", count: count))
        let workspace = folder.workspace()
        var digester = Digester()
        [UInt8](repeating: UInt8(ascii: "x"), count: count).withUnsafeBytes { digester.update($0) }
        #expect(try workspace.fingerprint(of: "file", mode: .content)?.digest == digester.finish())
        #expect(workspace.bytesRead == Int64(count))
    }

    @Test(arguments: ["gone", "file/below", "dangling", "gone/deeper"])
    func aMissingPathIsNil(path: String) throws {
        try folder.write("file", "x")
        try folder.link("dangling", to: "nowhere")
        for mode in [DigestMode.content, .metadata] {
            #expect(try folder.workspace().fingerprint(of: path, mode: mode) == nil)
            #expect(try folder.workspace().observation(of: path, mode: mode) == nil)
        }
        #expect(try folder.workspace().stamp(of: path) == nil)
    }

    @Test func linksAtThePathAreFollowed() throws {
        try folder.write("data/file", "x")
        try folder.link("file", to: "data/file")
        try folder.link("folder", to: "data")
        #expect(try folder.digest("file") == folder.digest("data/file"))
        #expect(try folder.digest("folder") == folder.digest("data"))
        #expect(try folder.stamp("file") == folder.stamp("data/file"))
    }

    /// Changes a folder that contains a, sub/b, link -> a, and an empty folder.
    struct Edit: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let changes: Bool
        let apply: @Sendable (TemporaryFolder) throws -> Void
        init(_ name: String, changes: Bool = true, _ apply: @escaping @Sendable (TemporaryFolder) throws -> Void) {
            testDescription = name
            self.changes = changes
            self.apply = apply
        }
    }

    static let edits = [
        Edit("content") { try $0.write("d/a", "A") },
        Edit("content below") { try $0.write("d/sub/b", "B") },
        Edit("new file") { try $0.write("d/c", "") },
        Edit("new empty folder") { try $0.makeFolder("d/more") },
        Edit("new hidden file") { try $0.write("d/.hidden", "") },
        Edit("removed file") { unlink($0.path("d/a")) },
        Edit("removed empty folder") { rmdir($0.path("d/empty")) },
        Edit("renamed file") { rename($0.path("d/a"), $0.path("d/A")) },
        Edit("moved up") { rename($0.path("d/sub/b"), $0.path("d/b")) },
        Edit("executable") { chmod($0.path("d/a"), 0o755) },
        Edit("link target") {
            unlink($0.path("d/link")); try $0.link("d/link", to: "b")
        },
        Edit("file for link") {
            unlink($0.path("d/link")); try $0.write("d/link", "a")
        },
        Edit("folder for file") {
            unlink($0.path("d/a")); try $0.makeFolder("d/a")
        },
        Edit("link for empty folder") {
            rmdir($0.path("d/empty")); try $0.link("d/empty", to: "sub")
        },
        Edit("other permissions", changes: false) { chmod($0.path("d/a"), 0o600) },
        Edit("touched", changes: false) { try $0.setModified("d/a", nanoseconds: 5) },
        Edit("same content written again", changes: false) { try $0.write("d/a", "a") },
        Edit("what a link inside leads to", changes: false) { try $0.write("outside", "other") },
        Edit("the program's own folder", changes: false) { try $0.write("d/.runs/runs.db", "x") },
        Edit("the program's own folder below", changes: false) { try $0.write("d/sub/.runs/runs.db", "x") },
    ]

    @Test(arguments: edits) func folderIsItsManifest(edit: Edit) throws {
        try folder.write("d/a", "a")
        try folder.write("d/sub/b", "b")
        try folder.link("d/link", to: "a")
        try folder.link("d/out", to: "../outside")
        try folder.write("outside", "outside")
        try folder.makeFolder("d/empty")
        let remembering = folder.workspace()
        let before = try #require(try remembering.fingerprint(of: "d", mode: .content))
        #expect(before.kind == .tree)
        #expect(before.sizeBytes == 2)
        try edit.apply(folder)
        let after = try folder.workspace().fingerprint(of: "d", mode: .content)
        #expect((after?.digest != before.digest) == edit.changes)
        #expect(try remembering.fingerprint(of: "d", mode: .content) == after)
    }

    @Test func equalFoldersAreEqualWhereverTheyAre() throws {
        for place in ["one", "some/where/else"] {
            for name in ["a", "a-b", "a/b", "B/c"] where name != "a" { try folder.write("\(place)/\(name)", name) }
        }
        #expect(try folder.digest("one") == folder.digest("some/where/else"))
        #expect(try folder.digest("one") != folder.digest("some"))
    }

    @Test(arguments: [
        "with space", "with\nnewline", "-leading", "übergröße", "日本", "*", "'\"", String(repeating: "n", count: 255),
    ])
    func anyNameIsAllowed(name: String) throws {
        try folder.write("d/\(name)", "x")
        let plain = try folder.workspace().fingerprint(of: "d/\(name)", mode: .content)
        #expect(plain?.sizeBytes == 1)
        let first = try folder.digest("d")
        try folder.write("d/\(name)", "y")
        #expect(try folder.digest("d") != first)
    }

    @Test func namesInsideNeedNotBeUTF8() throws {
        try folder.makeFolder("d")
        func make(_ bytes: [UInt8], _ text: String) throws {
            let name = Array(folder.path("d/").utf8) + bytes + [0]
            let descriptor = open(name.map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o644)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            try #require(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
        }
        try make([0xFF, 0x41], "one")
        let one = try folder.workspace().fingerprint(of: "d", mode: .content)
        #expect(one?.sizeBytes == 3)
        // Both names become the same text after UTF-8 repair.
        try make([0xFE, 0x41], "two")
        let two = try folder.workspace().fingerprint(of: "d", mode: .content)
        #expect(two?.sizeBytes == 6)
        #expect(one?.digest != two?.digest)
        #expect(throws: WorkspaceFailure.self) { try folder.workspace().matches(of: "d/*") }
        #expect(try folder.workspace().matches(of: "d/*.csv") == [])
        try OutputArea(root: folder.folder).remove("d")
        #expect(!folder.exists("d"))
    }

    @Test func veryDeepFoldersAreReadAndRemoved() throws {
        // Deeper than the limits on paths and open files allow.
        let name = String(repeating: "d", count: 200)
        var here = open(folder.folder, O_RDONLY | O_DIRECTORY)
        for _ in 0..<1500 {
            try #require(mkdirat(here, name, 0o777) == 0)
            let inner = openat(here, name, O_RDONLY | O_DIRECTORY)
            try #require(inner >= 0)
            close(here)
            here = inner
        }
        let file = openat(here, "file", O_CREAT | O_WRONLY, 0o644)
        try #require(file >= 0 && Glibc.write(file, "x", 1) == 1)
        close(file)
        close(here)
        #expect(try folder.workspace().fingerprint(of: name, mode: .content)?.sizeBytes == 1)
        try OutputArea(root: folder.folder).remove(name)
        #expect(!folder.exists(name))
    }

    @Test func metadataIsSizeAndTime() throws {
        try folder.write("d/a", "abc")
        try folder.setModified("d/a", nanoseconds: 1_000_000_007)
        let workspace = folder.workspace()
        let (file, tree) = (
            try workspace.fingerprint(of: "d/a", mode: .metadata), try workspace.fingerprint(of: "d", mode: .metadata)
        )
        #expect(file?.kind == .metadata && tree?.kind == .metadata)
        #expect(file?.sizeBytes == 3 && tree?.sizeBytes == 3)
        #expect(file?.digest != tree?.digest)
        try folder.write("d/a", "xyz")
        try folder.setModified("d/a", nanoseconds: 1_000_000_007)
        #expect(try workspace.fingerprint(of: "d/a", mode: .metadata) == file)
        #expect(try workspace.fingerprint(of: "d", mode: .metadata) == tree)
        try folder.setModified("d/a", nanoseconds: 1_000_000_008)
        #expect(try workspace.fingerprint(of: "d/a", mode: .metadata) != file)
        #expect(try workspace.fingerprint(of: "d", mode: .metadata) != tree)
        #expect(workspace.bytesRead == 0)
        #expect(workspace.takeNewEntries().isEmpty)
    }

    @Test func unreadableFilesAreReported() throws {
        try folder.makeFolder("d/sub")
        try #require(mkfifo(folder.path("d/sub/fifo"), 0o644) == 0)
        for path in ["d/sub/fifo", "d"] {
            let failure = #expect(throws: WorkspaceFailure.self) { try folder.digest(path) }
            #expect(failure?.description.contains("'d/sub/fifo'") == true)
        }
        #expect(throws: WorkspaceFailure.self) { try folder.workspace().fingerprint(of: "/dev/null", mode: .content) }
        try folder.link("loop", to: "loop")
        let failure = #expect(throws: WorkspaceFailure.self) { try folder.digest("loop") }
        #expect(failure?.description.contains("'loop'") == true)
        // Patterns ignore what they do not match.
        #expect(try folder.workspace().matches(of: "**/*.csv") == [])
    }

    @Test(.enabled(if: geteuid() != 0, "root can read everything")) func filesWithoutPermissionAreReported() throws {
        try folder.write("d/secret", "x")
        chmod(folder.path("d/secret"), 0)
        for path in ["d/secret", "d"] {
            let failure = #expect(throws: WorkspaceFailure.self) { try folder.digest(path) }
            #expect(failure?.description.contains("'d/secret'") == true)
        }
        chmod(folder.path("d"), 0)
        #expect(throws: WorkspaceFailure.self) { try folder.workspace().fingerprint(of: "d", mode: .content) }
        chmod(folder.path("d"), 0o755)
    }

    /// A file without an end: its size in stat is never what can be read.
    @Test func aFileThatKeepsChangingIsReported() throws {
        let failure = #expect(throws: WorkspaceFailure.self) {
            try folder.workspace().fingerprint(of: "/proc/self/maps", mode: .content)
        }
        #expect(failure?.description.contains("keeps changing while it is read") == true)
    }

    @Test func observationsDetectChanges() throws {
        try folder.write("d/a", "a")
        let workspace = folder.workspace()
        let (file, tree) = (
            try workspace.observation(of: "d/a", mode: .content), try workspace.observation(of: "d", mode: .content)
        )
        #expect(try workspace.observation(of: "d/a", mode: .content) == file)
        #expect(try workspace.observation(of: "d", mode: .content) == tree)
        try folder.setModified("d/a", nanoseconds: 7)
        #expect(try workspace.observation(of: "d/a", mode: .content) != file)
        #expect(try workspace.observation(of: "d", mode: .content) != tree)
        #expect(workspace.bytesRead == 0)
    }

    @Test func manyPathsAreAnsweredInOrder() async throws {
        var requests: [(path: String, mode: DigestMode)] = []
        for number in 0..<700 {
            let path = number % 100 == 99 ? "d\(number)" : "f\(number)"
            if number % 3 > 0 { try folder.write(number % 100 == 99 ? "\(path)/inner" : path, "\(number)") }
            requests.append((path, .content))
            if number % 7 == 0 { requests.append((path, .metadata)) }
            if number % 5 == 0 { requests.append((path, .content)) }
        }
        try #require(mkfifo(folder.path("fifo"), 0o644) == 0)
        requests.append(("fifo", .content))
        let workspace = folder.workspace()
        let results = await workspace.fingerprints(of: requests)
        let fresh = folder.workspace()
        #expect(results.count == requests.count)
        for (request, result) in zip(requests, results) {
            let expected = Result { () throws(WorkspaceFailure) in
                try fresh.fingerprint(of: request.path, mode: request.mode)
            }
            #expect(result == expected, "\(request)")
        }
        #expect(workspace.bytesRead == fresh.bytesRead, "each file is read once")
        #expect(await workspace.fingerprints(of: []).isEmpty)
    }
}
