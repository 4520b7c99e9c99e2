// Recorded time, memory and bytes, checked against process trees of known size and against /usr/bin/time.

import Foundation
import Glibc
import TestSupport
import Testing

private let hasTime = access("/usr/bin/time", X_OK) == 0

@Suite struct MeasuringTests {
    /// `hold.py MB HOW SECONDS`: touches MB of memory, its own or shared, and holds it, or forks and holds it.
    private let hold = """
        import mmap, os, sys, time
        size, how, seconds = int(sys.argv[1]) << 20, sys.argv[2], float(sys.argv[3])
        flags = mmap.MAP_SHARED if how == 'shared' else mmap.MAP_PRIVATE
        memory = mmap.mmap(-1, size, flags | mmap.MAP_ANONYMOUS)
        def touch():
            for place in range(0, size, 4096): memory[place] = 1
        touch()
        child = 1 if how == 'alone' else os.fork()
        if child == 0 and how != 'forked': touch()
        time.sleep(seconds)
        if child == 0: os._exit(0)
        if how != 'alone': os.wait()
        """

    private struct Tree {
        let name: String
        let command: String
        let megabytes: Double
    }

    @Test func thePeakOfATreeOfKnownSizeIsWithinFivePercent() throws {
        let trees = [
            Tree(name: "one", command: "exec python3 hold.py 200 alone 2", megabytes: 200),
            Tree(
                name: "three",
                command: "for i in 1 2 3; do python3 hold.py 200 alone 2 & done; wait",
                megabytes: 600),
            // The child's pages are its parent's.
            Tree(name: "forked", command: "python3 hold.py 500 forked 2", megabytes: 500),
            // The child writes to all of them, so they are its own.
            Tree(name: "written", command: "python3 hold.py 250 written 2", megabytes: 500),
            Tree(name: "shared", command: "python3 hold.py 300 shared 2", megabytes: 300),
            // One has lost its parent.
            Tree(
                name: "orphan", command: "(python3 hold.py 250 alone 2 &); exec python3 hold.py 250 alone 2",
                megabytes: 500),
        ]
        let project = try TestProject()
        try project.write("hold.py", hold)
        let stages = trees.map { #""\#($0.name)": {"command": "\#($0.command)", "resources": {"memory": "600MiB"}}"# }
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p",
             "stages": {"empty": {"command": "python3 hold.py 1 alone 2"}, \#(stages.joined(separator: ", "))}}
            """#)
        let result = try project.runs(["exec", "--keep-going", "--jobs", "2"], timeout: .seconds(240))
        #expect(result.status == 0, "\(result.story)")
        let rows = try project.query("select stage, max_rss_bytes as bytes from executions")
        let peaks = Dictionary(
            rows.map { ($0["stage"]?.text ?? "", $0["bytes"]?.number ?? 0) }, uniquingKeysWith: { $1 })
        let interpreter = try #require(peaks["empty"])
        for tree in trees {
            let truth = tree.megabytes * 1_048_576
            let peak = try #require(peaks[tree.name])
            #expect(peak > truth * 0.95 && peak < truth * 1.05 + interpreter, "\(tree.name): \(peak / 1_048_576)")
        }
    }

    @Test func aSmallProgramHasASmallPeak() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"s": {"command": ["true"]}}}"#)
        #expect(try project.runs("exec").status == 0)
        let peak = try #require(try project.query("select max_rss_bytes as bytes from executions")[0]["bytes"]?.number)
        #expect(peak > 500_000 && peak < 2_500_000, "\(peak)")
    }

    /// If the system cannot execute from memory, the supervisor is the whole program, which is larger.
    @Test func stagesRunWithoutMemfd() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"s": {"command": ["true"]}}}"#)
        try project.write(
            "without.py",
            """
            import ctypes, os, platform, struct, sys
            number = {'x86_64': 319, 'aarch64': 279}[platform.machine()]
            # Load the number of the system call; memfd_create gives EPERM (1), every other one is let through.
            steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000)]
            filter = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
            program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(steps), ctypes.addressof(filter)))
            prctl = ctypes.CDLL(None, use_errno=True).prctl
            prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
            no_new_privileges, seccomp, by_filter = 38, 22, 2
            assert prctl(no_new_privileges, 1, 0, 0, 0) == 0
            assert prctl(seccomp, by_filter, ctypes.addressof(program), 0, 0) == 0
            try: os.memfd_create('x')
            except PermissionError: os.execv(sys.argv[1], sys.argv[1:])
            """)
        try project.shell("python3 without.py '\(RunsBinary.path())' exec")
        let row = try project.query("select state, max_rss_bytes as bytes from executions")[0]
        #expect(row["state"] == .text("succeeded"))
        #expect(try #require(row["bytes"]?.number) > 2_500_000)
    }

    @Test(.enabled(if: hasTime, "there is no /usr/bin/time (Debian's package `time`)"))
    func figuresMatchTheProgramTime() throws {
        let project = try TestProject()
        try project.write("hold.py", hold)
        try project.write(
            "use.py",
            """
            import os
            with open('written', 'wb') as file:
                file.write(os.urandom(20 << 20))
                file.flush()
                os.fsync(file.fileno())
            file = os.open('written', os.O_RDONLY)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            while os.read(file, 1 << 20): pass
            child = os.fork()
            while os.times().user < 0.5: pass
            if child == 0: os._exit(0)
            os.wait()
            """)
        let time = "exec /usr/bin/time -o"
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {
              "busy": {"command": "\#(time) busy -f '%M %U %S %e %I %O' python3 use.py"},
              "brief": {"command": "\#(time) brief -f '%M %U %S %e %I %O' python3 hold.py 300 alone 0"}}}
            """#)
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        for row in try project.query("select * from executions") {
            let stage = try #require(row["stage"]?.text)
            let said = (project.read(stage) ?? "").split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            try #require(said.count == 6, "\(said)")
            func figure(_ name: String) -> Double { row[name]?.number ?? -1 }
            // Of the largest process, in KiB; the tree may have had more at once.
            #expect(figure("max_rss_bytes") >= said[0] * 1024 && figure("max_rss_bytes") < said[0] * 1024 * 1.05 + 20e6)
            let cpu = figure("user_cpu_seconds") + figure("system_cpu_seconds")
            #expect(abs(cpu - said[1] - said[2]) < 0.05 * cpu + 0.03, "\(cpu) \(said)")
            #expect(figure("wall_seconds") > said[3] - 0.02, "\(said)")
            // Blocks of 512 bytes; time itself reads its program and writes a line.
            for (name, blocks) in [("read_bytes", said[4]), ("write_bytes", said[5])] {
                let bytes = blocks * 512
                #expect(abs(figure(name) - bytes) <= 0.05 * bytes + 1e6, "\(name): \(figure(name)) \(bytes)")
            }
        }
        let busy = try project.query("select stage from executions where user_cpu_seconds > 0.9")
        #expect(busy == [["stage": .text("busy")]])
    }

    /// Each execution has a note; the warning comes once a template.
    @Test func moreMemoryThanRequestedIsReported() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"matrix": {"x": [1, 2]}, "command": ["python3", "-c", "x = b'x' * 150000000"],
                      "resources": {"memory": "50MB"}},
                "b": {"command": "true", "resources": {"memory": "500MB"}}
                """#)
        let result = try project.runs("exec", "--jobs", "1")
        #expect(result.status == 0)
        let warnings = result.errorOutput.split(separator: "\n").filter { $0.contains(" of memory, requested 50 MB") }
        #expect(warnings.count == 1 && warnings[0].hasPrefix("warning: stage 'a@x=1': used 1"), "\(result.story)")
        let notes = try project.query("select note from executions order by stage").map { $0["note"] }
        #expect(notes.prefix(2).allSatisfy { $0?.text?.hasSuffix(" of memory, requested 50 MB") ?? false }, "\(notes)")
        #expect(notes.last == .null)
        #expect(try project.runs("show").output.contains("note on a@x=2: used 1"))
        #expect(try project.runs("query", "--named", "right-size").output.contains("a@x=1"))
    }
}
