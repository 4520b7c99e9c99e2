// Folders with links, and what is left out of folders and patterns.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct LinkedFolderTests {
    let folder: TemporaryFolder
    let outside: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        outside = try TemporaryFolder()
        try folder.write("d/own", "own")
        try folder.write("data/a", "a")
        try folder.write("data/more/b", "b")
    }

    private func read(_ path: String = "d") throws -> Fingerprint? { try folder.workspace().read(path) }
    private func made(_ path: String = "d") throws -> Fingerprint? {
        try folder.workspace().fingerprint(of: path, scope: DigestScope(.content))
    }

    @Test func withoutLinksAnInputIsWhatWasMade() throws {
        #expect(try read("data") == made("data"))
        try folder.write("data/x/y/z", "z")
        #expect(try read("data") == made("data"))
    }

    /// Where a link leads, and what is then edited.
    static let targets: [(link: String, target: String, edited: String)] = [
        ("d/link", "../data/a", "data/a"), ("d/link", "../data", "data/a"), ("d/link", "../data", "data/more/b"),
        ("d/link", "../data", "data/new"), ("d/deep/link", "../../data/more", "data/more/b"),
        ("d/link", "own", "d/own"), ("d/link", "../chain", "data/a"), ("d/link", "../chain2", "data/more/b"),
    ]

    @Test(arguments: targets) func whatALinkLeadsToCounts(link: String, target: String, edited: String) throws {
        try folder.link("chain", to: "data/a")
        try folder.link("chain2", to: "data")
        try folder.link(link, to: target)
        let remembering = folder.workspace()
        let (seen, entries) = (try remembering.read("d"), remembering.takeNewEntries())
        let (before, output, matches) = (try read(), try made(), try matchedContents())
        #expect(seen == before)
        try folder.write(edited, "edited")
        let after = try read()
        #expect(after != before)
        #expect(try remembering.read("d") == after)
        #expect(try folder.workspace(entries).read("d") == after)
        #expect(try matchedContents() != matches)
        if !edited.hasPrefix("d/") { #expect(try made() == output, "the link itself did not change") }
    }

    /// What the patterns `d/**` and `d/*/*` see.
    private func matchedContents() throws -> [String: Fingerprint?] {
        let workspace = folder.workspace()
        var found: [String: Fingerprint?] = [:]
        for path in try workspace.matches(of: "d/**") { found[path] = try workspace.read(path) }
        for path in try workspace.matches(of: "d/*/*") { found[path] = try workspace.read(path) }
        return found
    }

    @Test func whatIsOutsideTheProjectCountsToo() throws {
        try outside.write("set/x", "x")
        try folder.link("d/set", to: outside.path("set"))
        try folder.link("d/x", to: outside.path("set/x"))
        let before = try read()
        try outside.write("set/x", "y")
        #expect(try read() != before)
        #expect(try folder.workspace().matches(of: "d/**") == ["d/own", "d/set/x", "d/x"])
    }

    @Test func aLinkReadsLikeACopy() throws {
        try folder.link("d/data", to: "../data")
        try folder.write("e/own", "own")
        try folder.write("e/data/a", "a")
        try folder.write("e/data/more/b", "b")
        #expect(try read("d") == read("e"))
        #expect(try made("d") != made("e"))
    }

    /// Links that lead in a circle, to what contains them, or nowhere.
    @Test(arguments: [".", "..", "link", "nowhere", "/", "loop", "../.runs", "/dev/null", "../fifo"])
    func aLinkThatIsNotFollowedCountsByItsText(target: String) throws {
        try folder.makeFolder(".runs")
        try folder.write(".runs/log", "1")
        try folder.link("d/loop", to: "loop")
        try #require(mkfifo(folder.path("fifo"), 0o600) == 0)
        try folder.write("d/inner/file", "1")
        let without = try read()
        try folder.link("d/link", to: target)
        let before = try read()
        #expect(before != without)
        try folder.write(".runs/log", "2")
        try folder.write("data/a", "edited")
        #expect(try read() == before)
        _ = try folder.workspace().matches(of: "d/**")
        try folder.write("d/inner/file", "2")
        #expect(try read() != before)
    }

    @Test func circlesOfSeveralFoldersEnd() throws {
        for name in ["a", "b", "c"] { try folder.write("\(name)/file", name) }
        try folder.link("a/next", to: "../b")
        try folder.link("b/next", to: "../c")
        try folder.link("c/next", to: "../a")
        let before = try read("a")
        #expect(try folder.workspace().matches(of: "a/**") == ["a/file", "a/next/file", "a/next/next/file"])
        try folder.write("c/file", "edited")
        #expect(try read("a") != before)
    }

    /// Every folder has two links to the next: 2^40 paths.
    @Test func aFolderIsReadOnceHoweverManyLinksLeadToIt() throws {
        for number in 0..<40 {
            try folder.link("n\(number)/left", to: "../n\(number + 1)")
            try folder.link("n\(number)/right", to: "../n\(number + 1)")
        }
        try folder.write("n40/file", "1")
        let before = try read("n0")
        #expect(try folder.workspace().matches(of: "n0/**").count == 1)
        try folder.write("n40/file", "2")
        #expect(try read("n0") != before)
    }

    @Test func manyPathsAtOnceFollowLinksAlike() async throws {
        try folder.link("d/link", to: "../data")
        let scopes = [DigestScope(.content), DigestScope(.content, followsLinks: true)]
        let workspace = folder.workspace()
        let found = await workspace.contents(of: scopes.map { ("d", $0) })
        for (scope, result) in zip(scopes, found) {
            #expect(try result.get() == folder.workspace().contents(at: "d", scope: scope))
        }
        #expect(try found.map { try $0.get()?.isPlain } == [false, false])
    }

    /// A folder that a stage made and another one reads: what is known of both is kept side by side.
    @Test func bothScopesOfAFolderAreCached() throws {
        try folder.link("d/link", to: "../data")
        let first = folder.workspace()
        let found = [try first.fingerprint(of: "d", scope: DigestScope(.content)), try first.read("d")]
        #expect(first.bytesRead == 5)
        var entries = first.takeNewEntries()
        for _ in 0..<2 {
            let second = folder.workspace(entries)
            #expect([try second.fingerprint(of: "d", scope: DigestScope(.content)), try second.read("d")] == found)
            #expect(second.bytesRead == 0)
            #expect(second.takeNewEntries().isEmpty)
        }
        try folder.write("d/own", "edited")
        let third = folder.workspace(entries)
        _ = try third.fingerprint(of: "d", scope: DigestScope(.content))
        entries = third.takeNewEntries()
        let fourth = folder.workspace(entries)
        _ = try fourth.read("d")
        #expect(third.bytesRead == 6 && fourth.bytesRead == 0)
    }

    // MARK: Exclusions

    static let noise = [
        "__pycache__/x.pyc", "sub/__pycache__/y", "x.pyc", "sub/.DS_Store", ".git/config", ".git",
        "sub/.ipynb_checkpoints/n",
    ]

    @Test(arguments: noise) func noiseDoesNotCount(path: String) throws {
        try folder.write("d/sub/file", "1")
        let (before, output) = (try read(), try made())
        let all = try folder.workspace().read("d", .none)
        #expect(all == before)
        try folder.write("d/\(path)", "noise")
        #expect(try read() == before)
        #expect(try made() == output)
        #expect(try folder.workspace().read("d", .none) != all)
        #expect(try folder.workspace().matches(of: "d/**").count == 2)
        #expect(try folder.workspace().matches(of: "d/**", exclusions: .none).count >= 2)
    }

    @Test(arguments: ["__pycache__", "a.pyc.txt", "pyc", "git", ".gitignore", "__pycache"])
    func similarNamesCount(name: String) throws {
        let before = try read()
        try folder.write(name == "__pycache__" ? "d/__pycache__x" : "d/\(name)", "1")
        #expect(try read() != before)
    }

    static let patterns: [(pattern: String, omitted: [String], counted: [String])] = [
        ("*.log", ["a.log", "sub/b.log", ".hidden.log", ".x/c.log"], ["log", "a.logs"]),
        ("**/*.log", ["a.log", "sub/b.log", ".x/c.log"], ["a.txt"]),
        ("tmp", ["tmp/x", "sub/tmp/y"], ["tmpx", "sub/xtmp"]),
        ("tmp/", ["tmp/x", "sub/tmp/y"], ["tmpx"]),
        ("sub/*", ["sub/x", "sub/deep/y"], ["x", "other/sub/x"]),
        ("/sub", [], []),
        ("sub/deep", ["sub/deep/x"], ["deep/x", "sub/deeper"]),
    ]

    @Test(arguments: patterns) func patternsAreRelativeToTheFolder(
        pattern: String, omitted: [String], counted: [String]
    ) throws {
        let exclusions = Exclusions(leavesOutNoise: true, patterns: [pattern])
        try folder.makeFolder("d/sub")
        try folder.makeFolder("d/.x")
        func read() throws -> Fingerprint? { try folder.workspace().read("d", exclusions) }
        func matches() throws -> [String] {
            try folder.workspace().matches(of: "d/**", exclusions: exclusions)
        }
        let (before, matched) = (try read(), try matches())
        for path in omitted {
            try folder.write("d/\(path)", "1")
            #expect(try read() == before, "\(path)")
            #expect(try matches() == matched)
            try folder.remove(
                "d/\(path.split(separator: "/")[0] == "sub" ? path : String(path.split(separator: "/")[0]))")
            try folder.makeFolder("d/sub")
            try folder.makeFolder("d/.x")
        }
        for path in counted {
            try folder.write("d/\(path)", "1")
            #expect(try read() != before, "\(path)")
            try folder.remove(
                "d/\(path.split(separator: "/")[0] == "sub" ? path : String(path.split(separator: "/")[0]))")
        }
    }

    @Test func aLinkThatIsLeftOutIsNotFollowed() throws {
        try folder.link("d/current", to: "../data")
        let exclusions = Exclusions(leavesOutNoise: true, patterns: ["current"])
        let before = try folder.workspace().read("d", exclusions)
        try folder.write("data/a", "edited")
        #expect(try folder.workspace().read("d", exclusions) == before)
    }

    /// Paths and patterns that name noise themselves mean it.
    @Test(arguments: [".git", "src/__pycache__", "src/__pycache__/a.pyc", "**/*.pyc", ".git/**"])
    func whatIsNamedIsTaken(path: String) {
        #expect(Input(name: "i", path: path).scope.exclusions == .none)
        #expect(Output(name: "o", path: path).scope.exclusions == .none)
        #expect(Input(name: "i", path: "git/pyc").scope.exclusions == .standard)
    }

    // MARK: What changed

    @Test func observationsNameWhatChanged() throws {
        try folder.link("d/link", to: "../data")
        let workspace = folder.workspace()
        let scope = DigestScope(.content, followsLinks: true)
        let before = try workspace.observation(of: "d", scope: scope)
        #expect(try workspace.observation(of: "d", scope: scope)?.changedEntries(since: before) == [])
        try folder.write("data/a", "edited")
        try folder.write("d/new", "")
        try folder.remove("d/own")
        try folder.write("d/x.pyc", "")
        let after = try workspace.observation(of: "d", scope: scope)
        #expect(after != before)
        #expect(after?.changedEntries(since: before) == ["link/a", "new", "own"])
        #expect(after?.changedEntries(since: nil) == [])
    }
}
