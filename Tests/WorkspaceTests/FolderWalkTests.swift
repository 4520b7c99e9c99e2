// Walks with helpers, and entries that are deleted during a walk.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct FolderWalkTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// Files of one large folder and of many small ones, folders in folders, links.
    private func makeFolders() throws {
        for number in 0..<2000 { try make("large/\(number)") }
        for outer in 0..<12 {
            for inner in 0..<12 {
                for number in 0..<5 { try make("small-\(outer)/\(inner)/deeper/\(number)") }
            }
            try folder.link("d/small-\(outer)/link", to: "\(outer)")
        }
    }

    private func make(_ name: String) throws {
        let area = OutputArea(root: folder.folder)
        try area.makeParents(of: "d/\(name)")
        let descriptor = open(folder.path("d/\(name)"), O_CREAT | O_WRONLY, 0o644)
        try #require(descriptor >= 0)
        close(descriptor)
    }

    private func walk(helpers: Int = 0, _ startHelp: (@escaping @Sendable () -> Void) -> Void = { _ in }) throws
        -> FolderTree
    {
        let workspace = folder.workspace()
        let rule = workspace.rule(for: DigestScope(.content))
        guard
            var walk = try FolderWalk(
                folder.path("d"), shownAs: "d", by: rule, workspace.trail, mostHelpers: helpers),
            try walk.listAll(startHelp), let tree = try walk.finish()
        else { throw WorkspaceFailure("nothing was changed, but the walk did not get through") }
        return tree
    }

    @Test func helpMakesNoDifference() async throws {
        try makeFolders()
        let alone = try walk()
        let (path, workspace) = (folder.path("d"), folder.workspace())
        for helpers in 1...3 {
            let together = await withTaskGroup { group -> FolderTree? in
                guard
                    var walk = try? FolderWalk(
                        path, shownAs: "d", by: workspace.rule(for: DigestScope(.content)), workspace.trail,
                        mostHelpers: helpers),
                    (try? walk.listAll { help in group.addTask { help() } }) == true
                else { return nil }
                await group.waitForAll()
                return (try? walk.finish()) ?? nil
            }
            #expect(together?.nodes.count == alone.nodes.count)
            #expect(together?.manifestDigest(of: .stamp) == alone.manifestDigest(of: .stamp))
        }
    }

    /// Helpers work immediately here, and are not started if they are not allowed.
    @Test func helpersStartIfManyFilesWait() throws {
        for number in 0..<400 { try make("few/\(number)") }
        var asked = 0
        _ = try walk(helpers: 1) { help in
            asked += 1
            help()
        }
        #expect(asked == 0)
        for number in 0..<4000 { try make("many/\(number)") }
        let tree = try walk(helpers: 1) { help in
            asked += 1
            help()
        }
        #expect(asked > 1)
        #expect(tree.manifestDigest(of: .stamp) == (try walk()).manifestDigest(of: .stamp))
        _ = try walk { _ in Issue.record("no helper is allowed") }
    }

    @Test func deletedEntriesAreIgnored() throws {
        for name in ["a", "b", "c/d"] { try make(name) }
        func tree(without gone: String?) throws -> FolderTree? {
            var tree = FolderTree()
            for (node, path) in [(-1, "d"), (2, "d/c")] {
                let descriptor = open(folder.path(path), O_RDONLY | O_DIRECTORY)
                defer { close(descriptor) }
                let listing = try #require(FolderListing(descriptor: descriptor))
                _ = tree.append(listing, in: node)
                let statuses = listing.entries.map { entry -> FileStatus? in
                    if listing.name(of: entry).elementsEqual((gone ?? "").utf8) { return nil }
                    return listing.withName(at: entry.nameStart) { FileStatus.of($0, in: descriptor) }
                }
                guard tree.take(statuses) else { return nil }
            }
            return tree
        }
        let whole = try #require(try tree(without: nil))
        let part = try #require(try tree(without: "b"))
        #expect(part.unread(for: .content).count == whole.unread(for: .content).count - 1)
        unlink(folder.path("d/b"))
        #expect(part.manifestDigest(of: .stamp) == (try walk()).manifestDigest(of: .stamp))
        #expect(part.manifestDigest(of: .stamp) != whole.manifestDigest(of: .stamp))
        #expect(try tree(without: "c") == nil, "of a folder it is not known what was in it")
    }
}
