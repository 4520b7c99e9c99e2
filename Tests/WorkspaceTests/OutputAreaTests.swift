// Moving, restoring and removing outputs.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct OutputAreaTests {
    let folder: TemporaryFolder
    let area: OutputArea
    let id = ExecutionID(7)
    init() throws {
        folder = try TemporaryFolder()
        area = OutputArea(root: folder.folder)
    }

    @Test func stateDirectoryIsIgnoredByGit() throws {
        try area.prepare()
        #expect(folder.read(".runs/.gitignore") == "*\n")
        try folder.write(".runs/.gitignore", "mine")
        try area.prepare()
        #expect(folder.read(".runs/.gitignore") == "mine")
    }

    @Test func parentsAreCreated() throws {
        try area.makeParents(of: "a/b/c")
        #expect(try folder.workspace().fingerprint(of: "a/b", mode: .content)?.kind == .tree)
        #expect(!folder.exists("a/b/c"))
        try area.makeParents(of: "a/b/c")
        try area.makeParents(of: "top")
        try folder.write("file", "")
        let failure = #expect(throws: WorkspaceFailure.self) { try area.makeParents(of: "file/below/x") }
        #expect(failure?.description.contains("file") == true)
    }

    /// What an output can be.
    enum Shape: String, CaseIterable {
        case file, folder, emptyFolder, link, danglingLink
        func make(_ path: String, in folder: TemporaryFolder, _ text: String) throws {
            switch self {
            case .file: try folder.write(path, text)
            case .folder: try folder.write("\(path)/deep/file", text)
            case .emptyFolder: try folder.makeFolder(path)
            case .link:
                try folder.write("target", "linked")
                try folder.link(path, to: folder.path("target"))
            case .danglingLink: try folder.link(path, to: "nowhere")
            }
        }
    }

    @Test(arguments: Shape.allCases) func movedAsideAndRestored(shape: Shape) throws {
        try shape.make("models/out", in: folder, "first")
        let listed = try folder.digest("models")
        let fingerprint = try folder.digest("models/out")
        #expect(try area.setAside("models/out", madeBy: id))
        #expect(!folder.exists("models/out"))
        #expect(folder.exists("models"))
        #expect(area.keptPath("models/out", madeBy: id) == ".runs/kept/7/models/out")
        #expect(area.isKept("models/out", madeBy: id))
        #expect(try folder.digest(area.keptPath("models/out", madeBy: id)) == fingerprint)
        #expect(try area.keptExecutions() == [id])
        #expect(try !area.setAside("models/out", madeBy: id), "nothing is there any more")
        #expect(area.isKept("models/out", madeBy: id), "and what was kept still is")

        rmdir(folder.path("models"))
        try area.putBack("models/out", madeBy: id)
        #expect(try folder.digest("models") == listed)
        #expect(try area.keptExecutions() == [], "emptied folders are gone")
    }

    @Test(arguments: Shape.allCases, Shape.allCases) func anOlderKeptVersionIsReplaced(older: Shape, newer: Shape)
        throws
    {
        try older.make("out", in: folder, "older")
        #expect(try area.setAside("out", madeBy: id))
        try newer.make("out", in: folder, "newer")
        let newest = try folder.digest("out")
        #expect(try area.setAside("out", madeBy: id))
        #expect(try folder.digest(".runs/kept/7/out") == newest)
        try area.putBack("out", madeBy: id)
        #expect(try folder.digest("out") == newest)
    }

    @Test func anExistingPathIsNotReplaced() throws {
        try folder.write("out", "kept")
        #expect(try area.setAside("out", madeBy: id))
        try folder.link("out", to: "nowhere")
        #expect(throws: WorkspaceFailure.self) { try area.putBack("out", madeBy: id) }
        #expect(area.isKept("out", madeBy: id))
        unlink(folder.path("out"))
        #expect(throws: WorkspaceFailure.self) { try area.putBack("out", madeBy: ExecutionID(8)) }
        try area.putBack("out", madeBy: id)
        #expect(folder.read("out") == "kept")
    }

    @Test func otherKeptVersionsStay() throws {
        try folder.write("m/a", "1")
        try folder.write("m/b", "2")
        for path in ["m/a", "m/b"] { #expect(try area.setAside(path, madeBy: id)) }
        try area.putBack("m/a", madeBy: id)
        #expect(area.isKept("m/b", madeBy: id))
        #expect(try area.keptExecutions() == [id])
    }

    @Test func keptVersionsAreListedAndRemoved() throws {
        #expect(try area.keptExecutions() == [])
        for number: Int64 in [10, 9, -3] {
            try folder.write("out", "x")
            #expect(try area.setAside("out", madeBy: ExecutionID(number)))
        }
        try folder.write(".runs/kept/notes", "x")
        #expect(try area.keptExecutions() == [-3, 9, 10].map(ExecutionID.init))
        try area.dropKept(ExecutionID(9))
        try area.dropKept(ExecutionID(9))
        #expect(try area.keptExecutions() == [-3, 10].map(ExecutionID.init))
    }

    @Test func anotherFileSystemIsAnError() throws {
        let other = try TemporaryFolder(under: "/dev/shm")
        let here = try folder.workspace().stamp(of: ".")?.device
        let there = try other.workspace().stamp(of: ".")?.device
        try #require(here != there, "/tmp and /dev/shm are two file systems")
        try folder.link(".runs", to: other.folder)
        try folder.write("out", "x")
        let failure = #expect(throws: WorkspaceFailure.self) { try area.setAside("out", madeBy: id) }
        #expect(failure?.description.contains("different file systems") == true)
        #expect(folder.read("out") == "x")
    }

    @Test func linksAreNotFollowedWhenRemoving() throws {
        try folder.write("outside/file", "precious")
        try folder.link("d/sub/link", to: folder.path("outside"))
        try folder.link("alias", to: "outside")
        try area.remove("d")
        try area.remove("alias")
        try area.remove("alias")
        try area.remove("outside/file/below")
        #expect(!folder.exists("d") && !folder.exists("alias"))
        #expect(folder.read("outside/file") == "precious")
    }

    @Test(arguments: [mode_t(0), 0o400, 0o500]) func readOnlyFoldersAreRemovedAndMoved(mode: mode_t) throws {
        try folder.write("d/sub/deep/file", "x")
        for path in ["d/sub/deep", "d/sub", "d"] { chmod(folder.path(path), mode) }
        #expect(try area.setAside("d", madeBy: id))
        var status = stat()
        try #require(lstat(folder.path(".runs/kept/7/d"), &status) == 0)
        #expect(status.st_mode & 0o777 == mode)
        try area.dropKept(id)
        #expect(try area.keptExecutions() == [])
    }

    static let places: [(path: String, leaves: Bool)] = [
        ("a", false), ("a/b", false), ("gone/deeper", false), ("inside/x", false), ("a/../b", false), ("link", false),
        ("dangling", false), ("inside", false), ("file/below", false),
        (".", true), ("", true), ("..", true), ("../x", true), ("a/../../x", true), ("a/..", true), ("/", true),
        ("/etc/x", true), ("link/x", true), ("link/gone/x", true), ("dangling/x", true), ("gone/../../x", true),
        ("inside/../../../x", true),
    ]

    @Test(arguments: places) func containment(path: String, leaves: Bool) throws {
        try folder.write("a/file", "")
        try folder.write("file", "")
        try folder.link("link", to: "/usr")
        try folder.link("inside", to: "a")
        try folder.link("dangling", to: "nowhere")
        #expect(try area.leavesFolder(path) == leaves)
        if leaves { #expect(throws: WorkspaceFailure.self) { try area.remove(path) } }
    }

    @Test func absolutePathsInsideAreInside() throws {
        #expect(try !area.leavesFolder(folder.path("x/y")))
        #expect(try area.leavesFolder(folder.folder))
        #expect(try area.leavesFolder(folder.folder + "-sibling/x"))
        // The root may be a link.
        let other = try TemporaryFolder()
        try other.link("alias", to: folder.folder)
        #expect(try !OutputArea(root: other.path("alias")).leavesFolder("x"))
        #expect(try !OutputArea(root: other.path("alias")).leavesFolder(folder.path("x")))
    }

    /// The state folder may be a link to a larger disk.
    @Test(arguments: [
        (".runs", ".runs/x", true), (".runs", "a/x", false), ("big/state", "big/state", true),
        ("big/state", "big/state/x/y", true), ("big/state", "big/x", false), ("big/state", "gone/x", false),
        ("big/state", ".runs/x", true), ("big/state", "alias/state/x", true),
    ])
    func pathsIntoTheStateFolder(state: String, path: String, enters: Bool) throws {
        try folder.write("\(state)/file", "")
        try folder.write("big/file", "")
        try folder.link("alias", to: "big")
        if state != ".runs" { try folder.link(".runs", to: state) }
        #expect(try area.entersStateDirectory(path) == enters)
    }

    /// A path relative to the folder, and where it is kept.
    @Test(arguments: [("../x/y", ".runs/kept/7/_up/x/y"), ("../../z", ".runs/kept/7/_up/_up/z")])
    func externalPathsAreKeptInside(path: String, kept: String) throws {
        let inner = OutputArea(root: folder.path("a/b"))
        try folder.write("a/b/\(path)", "far")
        #expect(inner.keptPath(path, madeBy: id) == kept)
        #expect(try inner.setAside(path, madeBy: id, mayBeOutside: true))
        #expect(!folder.exists("a/b/\(path)"))
        #expect(folder.read("a/b/\(kept)") == "far")
        try inner.putBack(path, madeBy: id, mayBeOutside: true)
        #expect(folder.read("a/b/\(path)") == "far")
    }

    @Test(arguments: ["../x", "a/../../x"]) func nothingOutsideIsMoved(path: String) throws {
        #expect(throws: WorkspaceFailure.self) { try area.setAside(path, madeBy: id) }
        #expect(throws: WorkspaceFailure.self) { try area.putBack(path, madeBy: id) }
    }
}
