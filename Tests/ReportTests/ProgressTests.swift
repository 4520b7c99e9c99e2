// What a watcher of a run sees: plain lines, JSON lines, and the screen of a terminal.

import Model
import Testing

@testable import Report

@Suite struct ProgressTests {
    private func plain(_ events: [RunEvent], bench: Bool = false) -> String {
        var progress = PlainProgress(showsBench: bench)
        return events.map { progress.receive($0) }.joined()
    }

    @Test func plainLines() {
        let text = plain([
            event(0, began(selected: 12, willRun: 3)),
            event(0, started("a", 1, reasons: [Reason(.paramChanged, subject: "lr", old: "0.05", new: "0.1")])),
            event(1, finished("a", 1, seconds: 1)), event(1, started("b", 2, attempt: 2)),
            event(2, finished("b", 2, .failed, seconds: 0.2, log: ["Traceback", "\u{1b}[31mboom\u{7}"])),
            event(2, .stageDecided(stage: "c", decision: Decision(verdict: .blocked, reasons: [Reason(.blocked, subject: "b")]))),
            event(3, ended(.failed, executed: 2, fresh: 9, failed: 1, blocked: 1)),
        ])
        #expect(
            text == """
                [ 9/12] a: started (param lr changed: 0.05 → 0.1)
                [10/12] a: succeeded in 1.0s
                [10/12] b: started (never ran, attempt 2 of 3)
                [10/12] b: failed after 0.2s: exit code 3
                    Traceback
                    \\e[31mboom\\x07
                    the whole log: runs logs b
                [10/12] c: blocked by b
                p: 1 failed, 1 blocked, 1 succeeded, 9 fresh in 12.3s
                Run the same command again when it is mended: only what failed or changed will run.

                """)
    }

    @Test(arguments: [
        (10, 0, "p: all 10 stages are fresh, nothing to run\n"), (1, 0, "p: its 1 stage is fresh, nothing to run\n"),
        (3, 7, "p: all 10 stages are fresh (7 put back), nothing to run\n"),
    ])
    func nothingToRunIsOneLine(_ fresh: Int, _ restored: Int, _ expected: String) {
        let events = [event(0, began(selected: 10, willRun: 0)), event(0, ended(.succeeded, fresh: fresh, restored: restored))]
        #expect(plain(events) == expected)
        var live = LiveProgress(useColor: true, showsBench: false)
        #expect(events.map { live.receive($0) + live.redraw(now: at(0), columns: 80, rows: 24) }.joined() == expected)
    }

    @Test func benchLines() {
        let text = plain([event(0, began(selected: 1, willRun: 1)), event(1, finished("train@dataset=iris", 1, seconds: 12.34))], bench: true)
        #expect(text.hasSuffix("[BENCH] train@dataset=iris: 12.3s, peak memory: 1.20 GB\n"))
    }

    @Test func quietTellsOnlyWhatWentWrong() {
        var quiet = QuietProgress()
        #expect(quiet.receive(event(0, started("a", 1))) == "")
        #expect(quiet.receive(event(1, finished("a", 1, seconds: 1))) == "")
        #expect(quiet.receive(event(1, finished("b", 2, .failed, seconds: 1))).hasPrefix("b: failed after 1.0s: exit code 3\n"))
    }

    @Test func jsonLinesAreObjectsWithANameAndATime() {
        var json = JSONLinesProgress()
        #expect(
            json.receive(event(0, started("a\n", 1, reasons: [Reason(.inputChanged, subject: "x", old: "1", new: "2")])))
                == #"{"event":"stage_started","at":"1970-01-01T00:00:00.000000Z","stage":"a\n","execution_id":1,"attempt":1,"#
                + #""max_attempts":3,"reasons":[{"code":"input_changed","subject":"x","old":"1","new":"2"}],"command":"true","#
                + #""log_path":".runs/logs/7/a\n.1.log","cpus":1.0}"# + "\n")
        #expect(json.receive(event(1, .interrupted(signal: 2, forced: false))).hasPrefix(#"{"event":"interrupted","at":"1970-01-01T00:00:01.000000Z","signal":2"#))
    }

    /// A run on screens of several sizes: never wider than the screen, never taller, and clean at the end.
    @Test(arguments: [(80, 24), (20, 24), (80, 3), (20, 3), (8, 2), (1, 1)])
    func theScreenStaysWhole(_ columns: Int, _ rows: Int) {
        var live = LiveProgress(useColor: false, showsBench: false)
        var screen = Screen(columns: columns)
        screen.print(live.receive(event(0, began(selected: 6, willRun: 6, expected: 30))))
        for index in 1...5 { screen.print(live.receive(event(0, started("train@dataset=number-\(index)", Int64(index), expected: 5)))) }
        for tick in 1...3 {
            screen.print(live.redraw(now: at(Double(tick)), columns: columns, rows: rows))
            #expect(screen.lines.count - 1 <= max(1, rows - 1))
            #expect(screen.widest < max(2, columns))
            #expect(screen.isCursorHidden)
        }
        screen.print(live.receive(event(4, finished("train@dataset=number-2", 2, seconds: 4))))
        screen.print(live.redraw(now: at(4), columns: columns, rows: rows))
        screen.print(live.receive(event(5, finished("train@dataset=number-1", 1, .failed, seconds: 5))))
        screen.print(live.close())
        #expect(!screen.isCursorHidden)
        #expect(
            screen.text == """
                ✓ train@dataset=number-2: succeeded in 4.0s
                ✗ train@dataset=number-1: failed after 5.0s: exit code 3
                    the whole log: runs logs train@dataset=number-1
                """)
    }

    @Test func theRegionTellsWhatRunsAndHowLongItWillTake() {
        var live = LiveProgress(useColor: false, showsBench: false)
        var screen = Screen(columns: 80)
        screen.print(live.receive(event(0, began(selected: 8, willRun: 4, expected: 90))))
        for (index, name) in ["a", "b", "c"].enumerated() {
            screen.print(live.receive(event(0, started(name, Int64(index + 1), expected: index == 0 ? 20 : nil))))
        }
        screen.print(live.redraw(now: at(12), columns: 80, rows: 4))
        #expect(
            screen.text == """
                  a  12.0s of about 20.0s
                  … and 2 more
                [#####-----] 4/8 · 3 running · 12.0s · about 1m 18s left
                """)
    }

    @Test func aPlanListsWhatWillRunAndCountsTheRest() {
        let decisions: [(stage: String, decision: Decision)] = [
            ("a", Decision(verdict: .run, reasons: [Reason(.inputChanged, subject: "x")])),
            ("b", Decision(verdict: .mayRun, reasons: [Reason(.upstreamMayChange, subject: "a")])),
            ("c", Decision(verdict: .fresh, reasons: [Reason(.fresh)])),
            ("d", Decision(verdict: .notSelected, reasons: [Reason(.notSelected)])),
        ]
        #expect(
            planText(pipeline: "p", decisions: decisions) == """
                will run  a: input x changed
                may run   b: a may change what it reads
                p: 1 will run, 1 may run, 1 fresh

                """)
        #expect(planJSONLines(decisions).split(separator: "\n").count == 4)
        let many = (0..<300).map { (stage: "s\($0)", decision: decisions[0].decision) }
        #expect(planText(pipeline: "p", decisions: many).hasSuffix("… and 100 more\np: 300 will run\n"))
    }
}
