// Folders for temporary files: empty when they are given out, and found again when whoever made them is gone.

import Glibc
import TestSupport
import Testing

@testable import Workspace

@Suite struct TemporaryFoldersTests {
    private let scratch: TemporaryFolder

    init() throws { scratch = try TemporaryFolder() }

    private func folders(in places: [String]? = nil) -> TemporaryFolders {
        TemporaryFolders(in: places ?? [scratch.folder], link: scratch.path("link"))
    }

    @Test func emptyOnesAreUsedAgain() throws {
        var folders = folders()
        let (first, second) = (try folders.take(), try folders.take())
        #expect(first != second)
        let isTaken = folders.giveBack(first)
        let third = try folders.take()
        #expect(isTaken && third == first)
        var status = stat()
        #expect(stat(first, &status) == 0 && status.st_mode == S_IFDIR | 0o700)
    }

    /// A file, a folder, another mode, a link in its place.
    @Test(arguments: ["touch F/x", "mkdir F/x", "chmod 777 F", "rmdir F && ln -s /tmp F"])
    func changedOnesAreNot(_ change: String) throws {
        var folders = folders()
        let folder = try folders.take()
        try scratch.shell(change.replacing("F", with: folder))
        let isTaken = folders.giveBack(folder)
        #expect(!isTaken)
        try TemporaryFolders.remove(folder)
        let next = try folders.take()
        #expect(access(folder, F_OK) != 0 && next != folder)
    }

    @Test func removedOnesAreMadeAgain() throws {
        var folders = folders()
        let folder = try folders.take()
        let isTaken = folders.giveBack(folder)
        #expect(isTaken)
        try scratch.shell("rm -r runs-*")
        let next = try folders.take()
        #expect(access(next, W_OK) == 0)
        try TemporaryFolders.remove(linkedFrom: scratch.path("link"))
        #expect(access(next, F_OK) != 0)
    }

    @Test func thePlaceThatExistsIsUsed() throws {
        var folders = folders(in: [scratch.path("missing"), scratch.folder])
        let folder = try folders.take()
        #expect(folder.hasPrefix(scratch.folder + "/runs-"))
        let sentences = [folders.takeRefusal(), folders.takeRefusal()]
        #expect(sentences[0]?.contains("missing") == true && sentences[1] == nil)
    }

    @Test func onlyOurOwnAreRemoved() throws {
        var folders = folders()
        let folder = try folders.take()
        try scratch.shell("touch \(folder)/x; mkdir mine runs-1234567x; ln -s \(scratch.folder) runs-12345678")
        for name in ["mine", "runs-1234567x", "runs-12345678", "missing"] {
            try scratch.shell("ln -sfn \(scratch.path(name)) other")
            try TemporaryFolders.remove(linkedFrom: scratch.path("other"))
        }
        #expect(scratch.exists("mine") && scratch.exists("runs-1234567x") && access(folder, F_OK) == 0)
        try TemporaryFolders.remove(linkedFrom: scratch.path("link"))
        #expect(access(folder, F_OK) != 0)
    }
}
