// How processes end: what is reported, and what happens to the processes that they leave behind.

import Glibc
import Model
import TestSupport
import Testing

@testable import ProcessHost

@Suite(.sanitizedToo) struct EndingTests {
    @Test func everyExitCodeIsReported() throws {
        let stage = try Stage()
        let ids = (0...255).map { code in (code, stage.spawn(["sh", "-c", "exit \(code)"])) }
        for (code, id) in ids {
            let ending = try stage.ending(of: id)
            #expect(ending.exitCode == Int32(code) && ending.signal == nil)
        }
    }

    @Test func everySignalIsReported() throws {
        let stage = try Stage()
        // Only signals that end a process by default; 32 and 33 are used by the C library.
        let harmless: Set<Int32> = [SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, 32, 33]
        let ids = (1...64).filter { !harmless.contains($0) }.map { number in
            (number, stage.spawn(["sh", "-c", "ulimit -c 0; kill -\(number) $$; sleep 1000"]))
        }
        for (number, id) in ids {
            let ending = try stage.ending(of: id)
            #expect(ending.signal == number && ending.exitCode == nil)
        }
    }

    @Test func aGrandchildThatHoldsTheLogIsEnded() throws {
        let stage = try Stage()
        let id = stage.spawn(["sh", "-c", "sleep 1000 & echo $! > child; exit 3"])
        let ending = try stage.ending(of: id)
        #expect(ending.exitCode == 3)
        #expect(ending.leftovers == 1)
        #expect(!ProcessSight.isRunning(try #require(Int32(try stage.lines(of: "child")[0]))))
    }

    @Test func daemonsThatLeftTheSessionAreEnded() throws {
        let stage = try Stage()
        let daemon = "echo $$ >> daemons; trap '' HUP; while :; do sleep 1000; done"
        let main = """
            touch daemons
            for i in 1 2 3; do (setsid sh -c "$0" &); done
            while [ $(wc -l < daemons) -lt 3 ]; do :; done
            """
        let id = stage.spawn(["sh", "-c", main, daemon])
        let ending = try stage.ending(of: id)
        #expect(ending.exitCode == 0)
        #expect(ending.leftovers >= 3)
        for line in try stage.lines(of: "daemons", count: 3) {
            #expect(!ProcessSight.isRunning(try #require(Int32(line))))
        }
    }

    /// During exec a process has no environment that identifies its execution.
    @Test func daemonsThatAreJustBecomingAProgramAreEnded() throws {
        let stage = try Stage()
        for _ in 0..<20 {
            let ids = (0..<20).map { _ in stage.spawn(["sh", "-c", "(setsid sleep 1000 &)"], log: stage.path("log")) }
            for id in ids {
                let ending = try stage.ending(of: id)
                #expect(ending.exitCode == 0 && ending.leftovers == 1)
            }
        }
    }

    @Test func leftoversOfOneExecutionDoNotTouchAnother() throws {
        let stage = try Stage()
        let other = stage.spawn(["sh", "-c", "(setsid sleep 1000 & echo $! > daemon); sleep 1000"])
        let daemon = try #require(Int32(try stage.lines(of: "daemon")[0]))
        let id = stage.spawn(["sh", "-c", "sleep 1000 & exit 0"], log: stage.path("second"))
        let ending = try stage.ending(of: id)
        #expect(ending.leftovers == 1)
        #expect(ProcessSight.isRunning(daemon))
        stage.stop(other, grace: 30)
        #expect(try stage.ending(of: other).signal == SIGTERM)
        #expect(!ProcessSight.isRunning(daemon))
    }

    @Test func anOrphanThatEndsByItselfIsNotALeftover() throws {
        let stage = try Stage()
        let main = """
            (sh -c 'echo > done' &)
            while [ ! -e done ]; do :; done
            while [ $(ps -o pid= --ppid $PPID | wc -l) -gt 1 ]; do :; done
            """
        let id = stage.spawn(["sh", "-c", main])
        let ending = try stage.ending(of: id)
        #expect(ending.exitCode == 0)
        #expect(ending.leftovers == 0)
    }

    @Test func aProcessThatIgnoresTermIsKilled() throws {
        let stage = try Stage()
        let stubborn = "trap 'echo asked >> asked' TERM; echo > ready; while :; do sleep 0.01; done"
        let id = stage.spawn(["sh", "-c", stubborn])
        _ = try stage.lines(of: "ready", count: 0)
        stage.stop(id, grace: 3600)
        _ = try stage.lines(of: "asked")
        #expect(ProcessSight.isRunning(try stage.pid(of: id)))
        // A smaller grace period shortens the wait, without a second TERM.
        stage.stop(id, grace: 0.05)
        #expect(try stage.ending(of: id).signal == SIGKILL)
        #expect(try stage.lines(of: "asked").count == 1)
    }

    @Test func aLeftoverThatIgnoresTermIsKilled() throws {
        let stage = try Stage()
        let stubborn = "trap '' TERM; echo $$ > child; while :; do sleep 0.01; done"
        let main = "setsid sh -c \"$0\" & while [ ! -s child ]; do :; done"
        let id = stage.spawn(["sh", "-c", main, stubborn], grace: 0.1)
        let ending = try stage.ending(of: id)
        #expect(ending.leftovers >= 1)
        #expect(!ProcessSight.isRunning(try #require(Int32(try stage.lines(of: "child")[0]))))
    }

    @Test func stoppedProcessesCanBeEnded() throws {
        let stage = try Stage()
        let command = ["sh", "-c", "trap 'exit 7' TERM; echo > ready$0; kill -STOP $$; while :; do sleep 0.01; done"]
        for (name, grace) in [("asked", 30.0), ("killed", 0)] {
            let id = stage.spawn([command[0], command[1], command[2], name])
            let pid = try stage.pid(of: id)
            try wait(for: "the stop") { ProcessSight.of(pid)?.state == "T" }
            stage.stop(id, grace: grace)
            let ending = try stage.ending(of: id)
            if grace > 0 { #expect(ending.exitCode == 7) } else { #expect(ending.signal == SIGKILL) }
        }
    }

    @Test func aProgramThatCleansUpGetsOneTerm() throws {
        let stage = try Stage()
        let inner = """
            trap 'echo term >> terms; sleep 0.3; echo tidied >> terms; exit 0' TERM
            echo > ready
            while :; do sleep 0.01; done
            """
        let id = stage.spawn(["sh", "-c", "sh -c \"$0\"; true", inner])
        _ = try stage.lines(of: "ready", count: 0)
        stage.stop(id, grace: 30)
        #expect(try stage.ending(of: id).signal == SIGTERM)
        #expect(try stage.lines(of: "terms", count: 2) == ["term", "tidied"])
    }

    @Test func theSupervisorStopsEverythingWhenTheExecutorEnds() throws {
        let stage = try Stage()
        let scripts = [
            "echo $$ > a; sleep 1000",
            "trap '' TERM; echo $$ > b; while :; do sleep 0.01; done",
            // In another session and without the token: not attributable to an execution.
            "(setsid env -i sh -c 'echo $$ > c; sleep 1000' &); sleep 1000",
            "echo $$ > d; kill -STOP $$",
        ]
        let ids = scripts.map { stage.spawn(["sh", "-c", $0], grace: 0.2) }
        let pids = try ["a", "b", "c", "d"].map { try #require(Int32(try stage.lines(of: $0)[0])) }
        stage.shutDown()
        for pid in pids { #expect(!ProcessSight.isRunning(pid)) }
        let ended = stage.allEvents.compactMap { if case .exited(let ending) = $0 { ending.id } else { nil } }
        #expect(ended.sorted() == ids)
        #expect(!stage.allEvents.contains(.gone))
    }

    @Test func aKilledSupervisorIsReportedAndItsProcessesEnd() throws {
        let stage = try Stage()
        let id = stage.spawn(["sh", "-c", "echo $PPID > parent; exec sleep 1000"])
        let supervisor = try #require(Int32(try stage.lines(of: "parent")[0]))
        let pid = try stage.pid(of: id)
        kill(supervisor, SIGKILL)
        try stage.wait(for: .gone)
        try wait(for: "its death") { !ProcessSight.isRunning(pid) }
        stage.spawn(["true"])
        stage.shutDown()
    }
}
