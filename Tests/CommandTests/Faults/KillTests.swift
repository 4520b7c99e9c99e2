// `kill -9` of the program at random moments, sometimes of its supervisor too: the store stays intact, no process is
// left running, no recorded result is lost or made again, and the next run ends with the right files.

import Glibc
import TestSupport
import Testing

@Suite struct KillTests {
    /// Stages of several kinds that depend on the param `r`, so that every round starts with all of them stale.
    private static let pipeline = #"""
        {"name": "kill", "params": {"r": 0}, "stages": {
          "quick": {"command": "echo quick ${{ params.r }} > quick", "outputs": ["quick"]},
          "slow": {"command": "sleep 0.15; sed 's/$/ slow/' quick > slow", "inputs": ["quick"], "outputs": ["slow"]},
          "left": {"command": "(setsid sleep 300 &); echo left ${{ params.r }} > left", "outputs": ["left"]},
          "daemon": {"command": "( (setsid sh -c 'sleep 300; true' &) & ); sleep 0.05; echo daemon ${{ params.r }} > daemon",
                     "outputs": ["daemon"]},
          "sum": {"command": "cat quick slow left daemon > sum", "inputs": ["quick", "slow", "left", "daemon"],
                  "outputs": ["sum"]}
        }}
        """#

    private func expected(_ round: Int) -> String {
        "quick \(round)\nquick \(round) slow\nleft \(round)\ndaemon \(round)\n"
    }

    @Test(arguments: testSeeds(from: 20_261_124))
    func recoversFromAKillAtAnyMoment(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let project = try TestProject()
        let marker = ["RUNS_FAULT_MARKER_\(getpid())": "kill-\(project.folder)"]
        let markerText = marker.map { "\($0.key)=\($0.value)" }[0]
        // Only processes of stages have this variable.
        let text = Self.pipeline.replacing(#""#, with: "")
        try project.write("pipeline.json", text)
        var recorded: [[String: JSON]] = []
        var growth = StoreGrowth()
        var inTheMiddle = 0
        for round in 1...(isLongTest ? 200 : 12) {
            let arguments = ["exec", "--set", "r=\(round)", "--grace", "100ms"]
            let command = try project.start(arguments, environment: marker)
            let output = generator.pick(["quick", "slow", "left", "daemon", "sum"]) ?? "sum"
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                try wait(for: "the supervisor", lookingEvery: .microseconds(100)) {
                    ProcessSight.supervisor(of: command.processID) != nil || command.hasEnded
                }
            case 1:
                try wait(for: output, lookingEvery: .microseconds(100)) {
                    project.read(output)?.contains(" \(round)") ?? false || command.hasEnded
                }
            default: try growth.reached(of: project, by: command, &generator)
            }
            let killsSupervisor = generator.oneIn(3)
            let supervisor = killsSupervisor ? ProcessSight.supervisor(of: command.processID) : nil
            let supervisorFirst = generator.oneIn(2)
            if !command.hasEnded { inTheMiddle += 1 }
            if let supervisor, supervisorFirst { kill(supervisor.pid, SIGKILL) }
            command.send(SIGKILL)
            if let supervisor, !supervisorFirst { kill(supervisor.pid, SIGKILL) }
            // Leftover processes may hold its output open, so wait only for the program itself.
            let killed = command.processID
            try wait(for: "the killed program to be gone") { command.hasEnded }
            let story: Comment = "round \(round), seed \(seed), supervisor \(killsSupervisor ? "killed too" : "alive")"
            var done: [[String: JSON]] = []
            if project.exists(".runs/runs.db") {
                #expect(try project.integrity() == "ok", story)
            }
            let successes =
                "select execution_id, stage, key, finished_at from executions where state = 'succeeded' order by 1"
            if try project.runs("query", "select 1 from runs limit 1").status == 0 {
                done = try project.query(successes)
                #expect(recorded.allSatisfy(done.contains), "a recorded success is gone: \(story)")
            }
            let finishing = try project.runs(arguments, environment: marker)
            #expect(finishing.status == 0, "\(story)\n\(finishing.story)")
            #expect(project.read("sum") == expected(round), story)
            let now = try project.query(successes)
            #expect(done.allSatisfy(now.contains), "a recorded success is gone: \(story)")
            let keys = now.compactMap { $0["key"]?.text }
            #expect(Set(keys).count == keys.count, "a stage that had succeeded was executed again: \(story)\n\(now)")
            #expect(try project.query("select 1 from executions where state = 'running'").isEmpty, story)
            try wait(for: "every process of \(markerText) to be gone, round \(round), seed \(seed)") {
                ProcessSight.marked(markerText).allSatisfy { $0.pid == killed }
            }
            recorded = now
        }
        #expect(inTheMiddle > 2, "most runs ended before they were killed: the test has shown little")
        #expect(try project.integrity() == "ok")
    }

    @Test(arguments: testSeeds(from: 20_261_125))
    func recoversFromAKillWhileTheStoreIsCreated(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var growth = StoreGrowth()
        var killed = 0
        for round in 0..<(isLongTest ? 300 : 16) {
            let project = try TestProject()
            try project.write(
                "pipeline.json", #"{"name": "p", "stages": {"a": {"command": "echo a > a", "outputs": ["a"]}}}"#)
            let command = try project.start(["exec", "--grace", "100ms"])
            let bytes = try growth.reached(of: project, by: command, &generator)
            command.send(SIGKILL)
            if try command.finish().status == nil { killed += 1 }
            let result = try project.runs("exec")
            #expect(result.status == 0, "round \(round), seed \(seed), after \(bytes) bytes\n\(result.story)")
            #expect(project.read("a") == "a\n")
            #expect(try project.integrity() == "ok", "round \(round), seed \(seed), after \(bytes) bytes")
            #expect(
                try project.query("select 1 from executions where state = 'succeeded'").count == 1,
                "round \(round), seed \(seed), after \(bytes) bytes")
        }
        #expect(killed > 0, "every run ended before it was killed: the test has shown nothing")
    }

    /// Versions of 200 files, killed while one replaces another. Each version, old or new, can be restored completely
    /// afterwards: nothing runs twice.
    @Test(arguments: testSeeds(from: 20_261_126))
    func recoversFromAKillWhileOutputsAreRestored(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let count = 200
        let project = try TestProject()
        let outputs = (1...count).map { #""o/\#($0)""# }.joined(separator: ", ")
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "params": {"v": 1}, "stages": {"a": {
              "command": "for i in $(seq \#(count)); do echo ${{ params.v }}-$i > o/$i; done", "keep": 1000,
              "outputs": [\#(outputs)]}}}
            """#)
        for version in 1...3 { #expect(try project.runs("exec", "--set", "v=\(version)").status == 0) }
        var version = 3
        var newest = 3
        var cutShort = 0
        for round in 0..<(isLongTest ? 150 : 10) {
            let target = generator.pick((1...newest).filter { $0 != version }) ?? 1
            let watched = project.path(".runs/kept/\(target)/o/\(Int.random(in: 1...count, using: &generator))")
            let command = try project.start(["exec", "--set", "v=\(target)"])
            try wait(for: "\(watched) to be put back", lookingEvery: .zero) {
                access(watched, F_OK) != 0 || command.hasEnded
            }
            command.send(SIGKILL)
            _ = try command.finish()
            let there = (1...count).filter { project.read("o/\($0)") == "\(target)-\($0)\n" }.count
            if there > 0, there < count { cutShort += 1 }
            version = generator.oneIn(4) ? newest + 1 : Int.random(in: 1...newest, using: &generator)
            newest = max(newest, version)
            let result = try project.runs("exec", "--set", "v=\(version)")
            let story: Comment = """
                round \(round), seed \(seed): killed with \(there) files of version \(target) put back, then version \(version)
                \(result.story)
                """
            #expect(result.status == 0, story)
            let wrong = (1...count).filter { project.read("o/\($0)") != "\(version)-\($0)\n" }
            #expect(wrong.isEmpty, "\(wrong.count) files are not version \(version): \(story)")
            #expect(try project.query("select count(*) as n from executions")[0]["n"]?.integer == newest, story)
            guard wrong.isEmpty else { return }
        }
        #expect(cutShort > 0, "no kill came while files were being put back: the test has shown nothing")
        for version in 1...newest {
            #expect(try project.runs("exec", "--set", "v=\(version)").status == 0)
            #expect((1...count).allSatisfy { project.read("o/\($0)") == "\(version)-\($0)\n" })
        }
        #expect(try project.query("select count(*) as n from executions")[0]["n"]?.integer == newest)
    }
}

/// A kill comes when the store's files have grown by a random number of bytes: at a commit, or within one.
private struct StoreGrowth {
    /// As far as they grow in a run; learnt from those that ended first.
    private var most = 400_000

    /// Returns how far they had grown when it returned: as far as was chosen, or the command has ended.
    @discardableResult
    mutating func reached(
        of project: TestProject, by command: RunningCommand, _ random: inout SeededGenerator
    ) throws -> Int {
        let (start, chosen) = (storeBytes(project), Int.random(in: 0...most, using: &random))
        var largest = 0
        try wait(for: "the store to grow by \(chosen) bytes", lookingEvery: .microseconds(100)) {
            largest = max(largest, storeBytes(project) - start)
            return largest >= chosen || command.hasEnded
        }
        if largest < chosen { most = max(largest, 50_000) }
        return largest
    }

    private func storeBytes(_ project: TestProject) -> Int {
        project.names(in: ".runs").filter { $0.hasPrefix("runs.db") }.reduce(0) { sum, name in
            var status = stat()
            return stat(project.path(".runs/\(name)"), &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }
}

extension RunningCommand {
    /// Whether the program itself has ended; what it started may still run.
    fileprivate var hasEnded: Bool { !ProcessSight.isRunning(processID) }
}
