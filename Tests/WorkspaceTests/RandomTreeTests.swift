// Random folders and edits: the cache never makes a difference.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct RandomTreeTests {
    static let names = ["a", "a-b", "a.b", "ab", "b", "ü", " ", "-", "c\n"]

    @Test(arguments: testSeeds(count: 8)) func cachingMakesNoDifference(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        try folder.makeFolder("d")
        var cache: [String: DigestCacheEntry] = [:]
        var remembering = Workspace(root: folder.folder, cache: [])
        for step in 0..<60 {
            for _ in 0..<Int.random(in: 0...4, using: &random) { try edit(folder, &random) }
            if step % 7 == 6 {
                // A later process.
                for entry in remembering.takeNewEntries() { cache[entry.path] = entry }
                remembering = Workspace(root: folder.folder, cache: Array(cache.values))
            }
            let paths = ["d"] + Self.names.map { "d/\($0)" }
            let knowing = await remembering.fingerprints(of: paths.map { ($0, .content) })
            for (path, known) in zip(paths, knowing) {
                let plain = try folder.workspace().fingerprint(of: path, mode: .content)
                #expect(try known.get() == plain, "seed \(seed), step \(step), \(path.debugDescription)")
            }
        }
    }

    private func edit(_ folder: TemporaryFolder, _ random: inout SeededGenerator) throws {
        func name() -> String {
            (0...Int.random(in: 0...2, using: &random))
                .reduce("d") { path, _ in path + "/" + (Self.names.randomElement(using: &random) ?? "a") }
        }
        let path = name()
        // Skip impossible edits, such as a file below a file.
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3: try? folder.write(path, ["", "x", "y", "long"].randomElement(using: &random) ?? "")
        case 4: try? folder.makeFolder(path)
        case 5: try? OutputArea(root: folder.folder).remove(path)
        case 6: rename(folder.path(path), folder.path(name()))
        case 7:
            let mode: mode_t = Bool.random(using: &random) ? 0o755 : 0o644
            if FileStatus.of(folder.path(path), in: AT_FDCWD)?.kind == .file { chmod(folder.path(path), mode) }
        case 8: symlink(["a", "b", "nowhere"].randomElement(using: &random) ?? "a", folder.path(path))
        default:
            let time = Int64.random(in: 0...2, using: &random)
            if folder.exists(path) { try folder.setModified(path, nanoseconds: time) }
        }
    }
}
