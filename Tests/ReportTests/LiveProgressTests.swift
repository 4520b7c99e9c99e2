// The live view through a terminal emulator: what the user sees, not which bytes were sent.
import Model
import Testing

@testable import Report

/// A live view and the terminal it writes to.
private struct Session {
    var live: LiveProgress
    var terminal: TerminalEmulator

    init(columns: Int = 80, rows: Int = 10, useColor: Bool = false, showsBench: Bool = false) {
        live = LiveProgress(useColor: useColor, showsBench: showsBench)
        terminal = TerminalEmulator(columns: columns, rows: rows)
    }

    mutating func receive(_ events: RunEvent...) { for event in events { terminal.feed(live.receive(event)) } }
    mutating func redraw(_ seconds: Double) {
        terminal.feed(live.redraw(now: time(seconds), size: (terminal.columns, terminal.rows)))
    }
    mutating func close() { terminal.feed(live.close()) }
}

@Suite struct LiveProgressTests {
    /// What takes longer than before is not "10s of 7s".
    @Test(
        arguments: [
            (5, 7, "5s of 7s"), (7, 7, "7s of 7s"), (10, 7, "10s, usually 7s"), (0, 0.3, "0s of 0.3s"),
            (4, 0.3, "4s, usually 0.3s"), (90, 60, "1m 30s, usually 1m 00s"),
        ] as [(Double, Double, String)])
    func aStageThatTakesLongerThanUsual(_ elapsed: Double, _ expected: Double, _ text: String) {
        var session = Session()
        session.receive(runStarted(), stageStarted(0, "train", id: 1, expected: expected))
        session.redraw(elapsed)
        #expect(session.terminal.scrollback.contains("  train  \(text)\n"), "\(session.terminal.scrollback)")
    }

    /// Benchmark lines scroll by above the region, as other lines do.
    @Test func benchmarkLinesLeaveTheRegion() {
        var session = Session(showsBench: true)
        session.receive(
            runStarted(), stageStarted(0, "train", id: 1), stageStarted(0, "prep", id: 2),
            stageFinished(2, "prep", id: 2, wall: 2))
        session.redraw(3)
        let lines = session.terminal.scrollback.split(separator: "\n")
        #expect(lines.count == 4 && lines[1].hasPrefix("[BENCH] prep: 2.000s") && lines[2].hasPrefix("  train  3s"))
    }

    @Test func aRunFromStartToEnd() {
        var session = Session()
        session.receive(
            runStarted(), stageStarted(0, "train@dataset=iris", id: 1, expected: 40, gpus: Quantity(thousandths: 500)),
            stageStarted(2, "prep", id: 2, attempt: 2, of: 3))
        session.redraw(12)
        #expect(
            session.terminal.scrollback == """
                  train@dataset=iris  12s of 40s, 0.5 gpu
                  prep                10s, attempt 2 of 3
                [############--------] 6/10 · 2 running · elapsed 12s
                """)
        #expect(!session.terminal.isCursorVisible)

        session.receive(
            stageFailed(13, "prep", id: 2, attempt: 2, tail: ["\u{1b}[31mboom\u{1b}[0m"]),
            decided(13, "late", .fresh, Reason(.fresh)))
        session.redraw(13)
        #expect(
            session.terminal.scrollback == """
                prep: failed after 0.2s: exit code 3
                    boom
                    log: runs logs prep
                  train@dataset=iris  13s of 40s, 0.5 gpu
                [################----] 8/10 · 1 running · 1 failed · elapsed 13s
                """)

        session.receive(
            stageFinished(40, "train@dataset=iris", id: 1, wall: 40),
            decided(40, "compare", .blocked, Reason(.blocked, subject: "prep")),
            runFinished(40, .failed, fresh: 7, failed: ["prep"], blocked: 1))
        session.redraw(40)
        session.close()
        #expect(
            session.terminal.scrollback == """
                prep: failed after 0.2s: exit code 3
                    boom
                    log: runs logs prep
                train@dataset=iris: succeeded in 40.0s
                tabular: 1 failed, 1 blocked, 1 succeeded, 7 fresh in 40.0s
                  runs logs prep  to see why it failed
                  runs exec       to run what is left

                """)
        #expect(session.terminal.isCursorVisible && session.terminal.isAtLineStart)
        #expect(session.terminal.complaints == [])
    }

    @Test func nothingToRunLeavesOneLine() {
        var session = Session()
        session.receive(runStarted(willRun: 0, fresh: 10), runFinished(0.1, .succeeded, fresh: 10))
        session.redraw(0.1)
        session.close()
        #expect(session.terminal.scrollback == "tabular: all 10 stages fresh, nothing to run\n")
    }

    @Test func closingWithoutAnEndCleansUp() {
        var session = Session()
        session.receive(runStarted(), stageStarted(0, "a"))
        session.redraw(1)
        session.close()
        #expect(session.terminal.scrollback == "")
        #expect(session.terminal.isCursorVisible)
        #expect(session.live.close() == "")
    }

    @Test func aShortTerminalShowsWhatFits() {
        var session = Session(rows: 3)
        session.receive(runStarted(selected: 5, willRun: 5, fresh: 0))
        for id in 1...5 { session.receive(stageStarted(Double(id), "stage\(id)", id: Int64(id))) }
        session.redraw(6)
        #expect(
            session.terminal.screen == """
                  stage1  5s
                [--------------------] 0/5 · 5 running · elapsed 6s
                """)
        session.receive(stageFinished(7, "stage1", id: 1, wall: 6), stageFinished(7, "stage2", id: 2, wall: 5))
        session.redraw(7)
        session.redraw(8)
        #expect(
            session.terminal.scrollback == """
                stage1: succeeded in 6.0s
                stage2: succeeded in 5.0s
                  stage3  5s
                [########------------] 2/5 · 3 running · elapsed 8s · about 2s left
                """)
        #expect(session.terminal.complaints == [])
    }

    @Test func tooManyRunningAreCounted() {
        var session = Session(rows: 6)
        session.receive(runStarted(selected: 40, willRun: 40, fresh: 0))
        for id in 1...15 { session.receive(stageStarted(0, "s\(id)", id: Int64(id))) }
        session.redraw(1)
        #expect(
            session.terminal.screen == """
                  s1  1s
                  s2  1s
                  s3  1s
                  … and 12 more
                [--------------------] 0/40 · 15 running · elapsed 1s
                """)
    }

    @Test func aNarrowTerminal() {
        var session = Session(columns: 20, rows: 8)
        session.receive(
            runStarted(), stageStarted(0, "train@dataset=breast_cancer", id: 1, expected: 40),
            stageStarted(0, "日本語の長い名前の段階", id: 2))
        session.redraw(5)
        #expect(
            session.terminal.scrollback == """
                  train@…cancer  5s
                  日本語…の段階  5s
                6/10 · 2 running ·…
                """)
        session.receive(
            stageFailed(6, "train@dataset=breast_cancer", id: 1, tail: ["a line of the log that is too long"]))
        session.redraw(6)
        #expect(
            session.terminal.scrollback == """
                train@dataset=breas
                t_cancer: failed af
                ter 0.2s: exit code
                 3
                    a line of the …
                    log: runs logs
                train@dataset=breas
                t_cancer
                  日本語…の段階  6s
                7/10 · 1 running ·…
                """)
        #expect(session.terminal.complaints == [])
    }

    @Test(arguments: [1, 2, 3, 5, 20, 39, 71], [0, 1, 2, 3, 24])
    func noSizeIsTooSmall(columns: Int, rows: Int) {
        var session = Session(columns: max(columns, 1), rows: max(rows, 1))
        session.receive(runStarted(expected: 5000), event(0, .warning("a warning that is long")))
        for id in 1...4 { session.receive(stageStarted(0, "stage-\(id)", id: Int64(id), expected: 100)) }
        session.redraw(1)
        session.receive(stageFailed(2, "stage-1", id: 1, tail: ["tail"]))
        session.redraw(2)
        session.close()
        #expect(session.terminal.complaints == [])
        #expect(session.terminal.isCursorVisible)
    }

    @Test func theRegionFollowsATerminalThatBecameNarrower() {
        var live = LiveProgress(useColor: false)
        _ = live.receive(runStarted())
        _ = live.receive(stageStarted(0, "a"))
        _ = live.redraw(now: time(1), size: (80, 24))
        // The status line of 51 columns now takes three rows of 20, and the stage one.
        #expect(live.redraw(now: time(2), size: (20, 24)).hasPrefix("\u{1b}[?2026h\r\u{1b}[3A"))
    }

    @Test func coloursAreOptional() {
        for useColor in [false, true] {
            var live = LiveProgress(useColor: useColor)
            _ = live.receive(runStarted())
            _ = live.receive(stageStarted(0, "a"))
            _ = live.receive(stageFinished(1, "a", wall: 1))
            let text = live.redraw(now: time(1), size: (80, 24))
            #expect(text.contains("\u{1b}[32ma: succeeded in 1.0s\u{1b}[0m") == useColor)
            #expect(text.contains("\u{1b}[32m") == useColor)
        }
    }

    @Test func manyEventsBetweenRedrawsAreTextOnce() {
        var session = Session(rows: 5)
        let count = 10_000
        session.receive(runStarted(selected: count, willRun: count, fresh: 0))
        for id in 0..<count {
            session.receive(stageStarted(0, "s\(id)", id: Int64(id)))
            #expect(session.live.receive(stageFinished(1, "s\(id)", id: Int64(id), wall: 1)) == "")
        }
        session.redraw(1)
        session.close()
        #expect(session.terminal.scrollback.split(separator: "\n").count == count)
        #expect(session.terminal.complaints == [])
    }
}

@Suite struct TimeLeftTests {
    private func status(_ events: [RunEvent], at seconds: Double) -> String {
        var region = LiveRegion()
        for event in events { region.note(event) }
        return region.lines(now: time(seconds), columns: 200, rows: 1).last ?? ""
    }

    @Test func fromTheHistoryOfTheRun() {
        let events = [runStarted(expected: 600), stageStarted(0, "a", id: 1, expected: 60)]
        #expect(status(events, at: 30).hasSuffix("elapsed 30s · about 10m left"))
        // It took twice as long as before, so the rest is expected to as well.
        #expect(
            status(events + [stageFinished(120, "a", id: 1, wall: 120)], at: 120).hasSuffix(
                "elapsed 2m 00s · about 18m left"))
    }

    @Test func fromTheMeanOfWhatFinished() {
        var events = [
            runStarted(selected: 6, willRun: 6, fresh: 0), stageStarted(0, "a", id: 1), stageStarted(0, "b", id: 2),
        ]
        #expect(status(events, at: 5).hasSuffix("elapsed 5s"))
        events += [stageFinished(100, "a", id: 1, wall: 100), stageStarted(100, "c", id: 3)]
        // b is due, c needs 100 s, three more need 300 s, two at once.
        #expect(status(events, at: 100).hasSuffix("about 3m left"))
    }

    @Test func neverLessThanTheLongestRunning() {
        let events = [runStarted(expected: 10), stageStarted(0, "a", id: 1, expected: 3600)]
        #expect(status(events, at: 1800).hasSuffix("about 30m left"))
    }
}
