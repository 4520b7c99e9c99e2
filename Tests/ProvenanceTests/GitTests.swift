// All kinds of checkouts, created with git and read without it.

import Foundation
import Model
import TestSupport
import Testing

@testable import Provenance

private func shell(_ command: String, in folder: String) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging([
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    ]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try? process.run()
    process.waitUntilExit()
    return process.terminationStatus
}

private let hasGit = shell("git --version", in: "/") == 0

@Suite(.enabled(if: hasGit, "git is not installed")) struct GitTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.folder }

    init() throws {
        temporary = try TemporaryFolder()
        try run("git init -q -b main && mkdir sub && echo one > sub/file && git add . && git commit -q -m one")
    }

    private func run(_ command: String) throws { try #require(shell(command, in: folder) == 0, "\(command)") }

    private func head(_ place: String = "") throws -> String {
        try run("git -C ./\(place) rev-parse HEAD > .head")
        return try String(contentsOfFile: "\(folder)/.head", encoding: .utf8).filter { $0 != "\n" }
    }

    @Test func branchesTagsAndPackedReferences() throws {
        let first = try head()
        #expect(GitCheckout(around: "\(folder)/sub") == GitCheckout(folder: folder, commit: first, branch: "main"))
        try run("git checkout -q -b topic/deep && git commit -q --allow-empty -m two && git pack-refs --all")
        #expect(GitCheckout(around: folder) == GitCheckout(folder: folder, commit: try head(), branch: "topic/deep"))
        try run("git checkout -q --detach main")
        #expect(GitCheckout(around: folder) == GitCheckout(folder: folder, commit: first, branch: nil))
    }

    @Test func worktreesAndNewRepositories() throws {
        try run("git worktree add -q -b other tree")
        #expect(
            GitCheckout(around: "\(folder)/tree/sub")
                == GitCheckout(folder: "\(folder)/tree", commit: try head("tree"), branch: "other"))
        try run("mkdir new && git -C new init -q -b main")
        let new = GitCheckout(around: "\(folder)/new")
        #expect(new == GitCheckout(folder: "\(folder)/new", commit: nil, branch: "main"))
        #expect(new?.difference(keepsPatch: true) == nil)
        #expect(GitCheckout(around: "/proc") == nil)
    }

    @Test func uncommittedChanges() throws {
        let checkout = try #require(GitCheckout(around: folder))
        try run("echo untracked > outputs")
        let clean = try #require(checkout.difference(keepsPatch: true))
        #expect(!clean.isDirty && clean.diff == nil, "what git does not track does not count")
        try run("echo two > sub/file && git add sub/file && echo three >> sub/file")
        let (isDirty, found) = try #require(checkout.difference(keepsPatch: true))
        let diff = try #require(found)
        let packed = try #require(diff.gzip)
        let patch = String(decoding: try #require(gunzip(packed, sizeBytes: diff.sizeBytes)), as: UTF8.self)
        #expect(isDirty && !diff.isCut && patch.contains("-one\n+two\n+three\n"), "\(patch)")
        let unkept = try #require(checkout.difference(keepsPatch: false))
        #expect(unkept.isDirty && unkept.diff == nil)
        try run("seq 1000000 > sub/file")
        let large = try #require(checkout.difference(keepsPatch: true)?.diff)
        #expect(large.isCut && large.sizeBytes == 1 << 20)
    }
}

@Suite struct GzipTests {
    @Test(arguments: [1, 2, 1000, 1 << 20]) func roundTrip(_ count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0..<128, using: &random) }
        let packed = try #require(gzip(bytes))
        #expect(gunzip(packed, sizeBytes: count) == bytes)
        #expect(gunzip(packed, sizeBytes: count + 1) == nil)
        #expect(gunzip(Array(packed.dropLast()), sizeBytes: count) == nil)
    }
}

@Suite struct ThisMachineTests {
    @Test(
        arguments: [
            (
                "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.2GHz\nmodel name\t: other\n",
                "Intel(R) Xeon(R) CPU @ 2.2GHz"
            ),
            ("processor\t: 0\nBogoMIPS\t: 50\nModel\t\t: Raspberry Pi 4: rev 2\n", "Raspberry Pi 4: rev 2"),
            ("model name\t:\n", nil), ("", nil), ("model\t: 85\n", nil),
        ] as [(String, String?)])
    func models(_ text: String, _ model: String?) { #expect(Machine.cpuModel(text) == model) }

    @Test func itHasProcessorsAndMemory() {
        let machine = Machine.this()
        #expect(machine.kernel.hasPrefix("Linux ") && machine.cpuCount >= 1 && machine.memoryBytes > 1 << 24)
    }
}
