// How processes start: program, arguments, environment, folder, log, signals; and what is reported if they cannot.

import Glibc
import TestSupport
import Testing

@testable import ProcessHost

@Suite(.sanitizedToo) struct SpawnTests {
    @Test func argumentsEnvironmentAndFolderArePassed() throws {
        let stage = try Stage()
        let arguments = ["sh", "-c", "pwd; echo \"$0|$1|$A\"", "", "zwei ✓\n"]
        let id = stage.spawn(arguments, environment: ["PATH=/bin:/usr/bin", "A= b =c"], in: "/")
        #expect(try stage.ending(of: id).exitCode == 0)
        #expect(try stage.text("log") == "/\n|zwei ✓\n| b =c\n")
    }

    @Test func outputAndErrorsShareOneLogInOrder() throws {
        let stage = try Stage()
        let command = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done"
        #expect(try stage.ending(of: stage.spawn(["sh", "-c", command])).exitCode == 0)
        let once = (1...9).map { "out \($0)\nerr \($0)\n" }.joined()
        #expect(try stage.text("log") == once)
        _ = try stage.ending(of: stage.spawn(["sh", "-c", command], appending: true))
        #expect(try stage.text("log") == once + once)
        _ = try stage.ending(of: stage.spawn(["echo", "anew"]))
        #expect(try stage.text("log") == "anew\n")
    }

    @Test func theProcessLeadsItsSessionAndReadsNothing() throws {
        let stage = try Stage()
        let look = "cat; cut -d' ' -f5,6 /proc/$$/stat; grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd"
        let id = stage.spawn(["sh", "-c", look])
        let pid = try stage.pid(of: id)
        #expect(try stage.ending(of: id).exitCode == 0)
        let lines = try stage.lines(of: "log", count: 3)
        #expect(lines[0] == "\(pid) \(pid)")
        // Signals 32 and 33 are used by the C library, whose posix_spawn leaves them ignored.
        let masks = lines[1...2].map { UInt64($0.suffix(16), radix: 16).map { $0 & ~0x1_8000_0000 } }
        #expect(masks == [0, 0], "\(lines)")
        // 3 is opened by ls.
        #expect(Array(lines[3...]) == ["0", "1", "2", "3"])
    }

    @Test func aLargeArgumentAndALargeEnvironmentArePassed() throws {
        let stage = try Stage()
        let large = String(repeating: "x", count: 120_000)
        let words = (0..<8).map { "\($0)\(large)" }
        let arguments = ["sh", "-c", "echo $# ${#1} ${#8} ${#BIG}", "sh"] + words
        let id = stage.spawn(arguments, environment: ["PATH=/bin:/usr/bin", "BIG=\(large)"])
        #expect(try stage.ending(of: id).exitCode == 0)
        #expect(try stage.text("log") == "8 120001 120001 120000\n")
    }

    @Test func failuresHaveAReason() throws {
        let stage = try Stage()
        let plain = stage.path("plain")
        try stage.write("plain", "")
        let tooLong = String(repeating: "x", count: 40_000_000)
        #expect(mkfifo(stage.path("fifo"), 0o600) == 0)
        try stage.link("link", to: plain)
        let table: [(id: UInt64, errno: Int32, step: String)] = [
            (stage.spawn(["no-such-program"]), ENOENT, "exec"),
            (stage.spawn(["./no-such-program"]), ENOENT, "exec"),
            (stage.spawn([plain]), EACCES, "exec"),
            (stage.spawn(["/"]), EACCES, "exec"),
            (stage.spawn(["true"], environment: ["PATH=/no-such-folder"]), ENOENT, "exec"),
            (stage.spawn([]), ENOENT, "exec"),
            (stage.spawn([""]), ENOENT, "exec"),
            (stage.spawn(["true", "a\0b"]), EINVAL, "exec"),
            (stage.spawn(["true", tooLong]), E2BIG, "exec"),
            (stage.spawn(["true"], in: stage.path("nowhere")), ENOENT, "chdir"),
            (stage.spawn(["true"], in: plain), ENOTDIR, "chdir"),
            (stage.spawn(["true"], log: stage.path("nowhere/log")), ENOENT, "open log"),
            (stage.spawn(["true"], log: stage.folder), EISDIR, "open log"),
            (stage.spawn(["true"], log: stage.path("fifo")), ENXIO, "open log"),
            (stage.spawn(["true"], log: stage.path("link"), appending: true), ELOOP, "open log"),
        ]
        for row in table {
            let failure = try stage.failure(of: row.id)
            #expect(failure == (row.errno, row.step), "execution \(row.id)")
        }
        #expect(try stage.ending(of: stage.spawn(["true"])).exitCode == 0)
    }

    @Test func programsAreFoundLikeInAShell() throws {
        let stage = try Stage()
        try stage.write("first/tool", "#!/bin/sh\necho denied\n")
        try stage.write("second/tool", "echo second $1\n", executable: true)
        let path = "PATH=\(stage.path("first")):\(stage.path("second")):/bin:/usr/bin"
        // The first is not executable, the second has no `#!`.
        #expect(try stage.ending(of: stage.spawn(["tool", "word"], environment: [path])).exitCode == 0)
        #expect(try stage.text("log") == "second word\n")
        // A name with a slash is relative to the working directory.
        #expect(try stage.ending(of: stage.spawn(["./tool", "here"], in: stage.path("second"))).exitCode == 0)
        #expect(try stage.text("log") == "second here\n")
        let inFolder = stage.spawn(["tool"], environment: ["PATH=:/bin"], in: stage.path("second"))
        #expect(try stage.ending(of: inFolder).exitCode == 0)
    }

    /// As in bash: what has a NUL in its first line is no script.
    @Test func aProgramForAnotherMachineIsNoScript() throws {
        let stage = try Stage()
        try stage.write("binary", "\u{7f}ELF\0\u{1}\n", executable: true)
        try stage.write("script", "echo script\n# \0\n", executable: true)
        try stage.write("empty", "", executable: true)
        #expect(try stage.failure(of: stage.spawn([stage.path("binary")])) == (ENOEXEC, "exec"))
        for name in ["script", "empty"] {
            #expect(try stage.ending(of: stage.spawn([stage.path(name)])).exitCode == 0)
        }
    }

    /// A script without `#!` is run by the shell. If that does not exist, the search continues with the original words.
    @Test func aMissingShellLeavesTheWordsUnchanged() throws {
        let program = try SupervisorBuild.compile("without-shell", ["-DSCRIPT_SHELL=\"/no-such-shell\""])
        let stage = try Stage(executable: program)
        let script = try stage.script("first/tool", "echo first\n")
        try stage.write("second/other", "")
        try #require(symlink("/bin/sh", stage.path("second/tool")) == 0)
        let path = "PATH=\(stage.path("first")):\(stage.path("second"))"
        let command = ["tool", "-c", "echo $0"]
        #expect(try stage.ending(of: stage.spawn(command, environment: [path])).exitCode == 0)
        #expect(try stage.text("log") == "tool\n")
        let afterPlainWords = stage.spawn(command, plainWords: [script], environment: [path])
        #expect(try stage.ending(of: afterPlainWords).exitCode == 0)
        #expect(try stage.text("log") == "tool\n")
        let twice = "PATH=\(stage.path("first")):\(stage.path("first"))"
        #expect(try stage.failure(of: stage.spawn(["tool"], environment: [twice])) == (ENOENT, "exec"))
    }

    /// Plain words are executed without a shell; if that fails, the shell runs them.
    @Test func plainWordsComeBeforeTheShell() throws {
        let stage = try Stage()
        try stage.write("tool", "echo tool $1\n", executable: true)
        let plain = stage.path("plain")
        try stage.write("plain", "")
        let table: [(plainWords: [String], log: String)] = [
            ([], "shell\n"), (["echo", "direct"], "direct\n"), ([stage.path("tool"), "a"], "tool a\n"),
            (["no-such-program", "a"], "shell\n"), ([plain], "shell\n"), (["/"], "shell\n"),
            (["echo", String(repeating: "x", count: 3_000_000)], "shell\n"),
        ]
        for row in table {
            let id = stage.spawn(["/bin/sh", "-c", "echo shell"], plainWords: row.plainWords)
            #expect(try stage.ending(of: id).exitCode == 0)
            #expect(try stage.text("log") == row.log, "\(row.plainWords.first ?? "")")
        }
        let failing = stage.spawn(["./no-such-shell"], plainWords: ["no-such-program"])
        #expect(try stage.failure(of: failing) == (ENOENT, "exec"))
    }

    @Test func aHundredMegabytesOfCommandsLeaveTheSupervisorSmall() throws {
        let stage = try Stage()
        let padding = (0..<10).map { "P\($0)=" + String(repeating: "y", count: 100_000) }
        let before = stage.spawn(["sh", "-c", "echo $PPID > parent"])
        #expect(try stage.ending(of: before).exitCode == 0)
        let parent = try #require(Int32(try stage.lines(of: "parent")[0]))
        let ids = (0..<100).map { _ in stage.spawn(["true"], environment: padding + ["PATH=/bin:/usr/bin"]) }
        for id in ids { #expect(try stage.ending(of: id).exitCode == 0) }
        let resident = try #require(residentKilobytes(parent))
        #expect(resident < (TestedSupervisor.program == nil ? 64 : 512) * 1024, "the supervisor holds \(resident) KiB")
    }

    private func residentKilobytes(_ pid: Int32) -> Int? {
        guard let file = fopen("/proc/\(pid)/statm", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [CChar](repeating: 0, count: 256)
        guard fgets(&bytes, 256, file) != nil else { return nil }
        let text = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4 }
    }
}
