// What the hook in Python writes, and what others may have written to the same file.

import Model
import TestSupport
import Testing

@testable import Coordinator

@Suite struct ImportNotesTests {
    private func notes(_ text: String) throws -> ImportNotes {
        let folder = try TemporaryFolder()
        try folder.write("notes", text)
        return ImportNotes(readingFile: folder.path("notes"))
    }

    private func stamp(_ size: Int64) -> FileStamp {
        FileStamp(device: 1, inode: 2, sizeBytes: size, modifiedNanoseconds: 4, changedNanoseconds: 5)
    }

    @Test func pathsAndStampsAreRead() throws {
        let found = try notes("runs 1\n1 2 3 4 5 a b.py\nruns 1\n1 2 3 4 5 new\\nline.py\n1 2 3 4 5 back\\\\slash\n")
        #expect(found.isAlive && found.inconsistent.isEmpty)
        #expect(found.stamps == ["a b.py": stamp(3), "new\nline.py": stamp(3), "back\\slash": stamp(3)])
    }

    @Test func filesInTwoStatesAreNoted() throws {
        let found = try notes("1 2 3 4 5 a\n1 2 3 4 5 b\n1 2 9 4 5 a\n")
        #expect(!found.isAlive && found.inconsistent == ["a"] && found.stamps["a"] == stamp(3))
    }

    @Test(arguments: [
        "", "\n\n", "1 2 3 4 a\n", "1 2 3 4 x a\n", "1 2 3 4 5 unfinished", String(repeating: "x", count: 3 << 20),
    ])
    func anythingElseIsLeftOut(text: String) throws {
        let found = try notes(text)
        #expect(!found.isAlive && found.stamps.isEmpty)
    }

    @Test func aMissingFileIsEmpty() { #expect(!ImportNotes(readingFile: "/nowhere/at/all").isAlive) }
}
