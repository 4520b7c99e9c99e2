// Progress of runs outside a terminal: plain lines, quiet, JSON lines.
import Model
import Report
import Testing

@Suite struct PlainProgressTests {
    @Test func aRunThatSucceeds() {
        let text = transcript(
            PlainProgress(),
            [
                runStarted(expected: 200),
                stageStarted(
                    0, "train@dataset=iris", reasons: [Reason(.paramChanged, subject: "lr", old: "0.05", new: "0.1")]),
                stageFinished(12.3, "train@dataset=iris", wall: 12.3),
                decided(12.4, "plot", .fresh, Reason(.fresh)),
                event(12.4, .warning("first\n\u{1b}[2Jsecond")),
                stageStarted(12.5, "compare", id: 2),
                stageFinished(13, "compare", id: 2, wall: 0.5, note: "left a process"),
                runFinished(13, .succeeded, fresh: 8),
            ])
        #expect(
            text == """
                tabular: 10 stages (4 will run, 6 fresh, about 3m)
                [ 6/10] train@dataset=iris: started (param lr changed: 0.05 → 0.1)
                [ 7/10] train@dataset=iris: succeeded in 12.3s
                warning: first
                  \\e[2Jsecond
                [ 8/10] compare: started (never ran)
                [ 9/10] compare: succeeded in 0.5s (left a process)
                tabular: 2 succeeded, 8 fresh in 13.0s

                """)
    }

    @Test func aRunThatBeginsByWaiting() {
        let text = transcript(
            PlainProgress(),
            [
                runStarted(selected: 1, willRun: 1, fresh: 0),
                event(0.1, .stageWaiting(stage: "train", forRun: nil, why: "another run on this machine holds GPU-1")),
            ])
        #expect(
            text == """
                tabular: 1 stage (1 will run)
                [0/1] train: waiting: another run on this machine holds GPU-1

                """)
    }

    @Test func aRunThatFails() {
        let text = transcript(
            PlainProgress(),
            [
                runStarted(selected: 4, willRun: 2, mayRun: 1, fresh: 1),
                stageStarted(0, "train@lr=0.1", of: 2),
                stageFailed(0.2, "train@lr=0.1", tail: ["first"]),
                event(0.2, .stageRetrying(stage: "train@lr=0.1", nextAttempt: 2, maxAttempts: 2, delaySeconds: 10)),
                stageStarted(10.2, "train@lr=0.1", id: 2, attempt: 2, of: 2),
                event(10.2, .stageWaiting(stage: "prep", forRun: RunID(3), why: "execution 9 of 'x' holds 'a.csv'")),
                stageFailed(10.4, "train@lr=0.1", id: 2, attempt: 2, tail: ["\u{1b}[31mboom\u{1b}[0m", "10%\r20%"]),
                decided(10.4, "compare", .blocked, Reason(.blocked, subject: "train@lr=0.1")),
                decided(10.4, "report", .blocked, Reason(.blocked, subject: "missing input logo.png")),
                runFinished(10.5, .failed, fresh: 1, failed: ["train@lr=0.1"], blocked: 2),
            ])
        #expect(
            text == """
                tabular: 4 stages (2 will run, 1 may run, 1 fresh)
                [1/4] train@lr=0.1: started (never ran)
                [2/4] train@lr=0.1: failed after 0.2s: exit code 3
                    first
                    log: runs logs train@lr=0.1
                [1/4] train@lr=0.1: retrying in 10.0s (attempt 2 of 2)
                [1/4] train@lr=0.1: started, attempt 2 of 2 (never ran)
                [1/4] prep: waiting for run 3: execution 9 of 'x' holds 'a.csv'
                [2/4] train@lr=0.1: failed after 0.2s: exit code 3
                    boom
                    20%
                    log: runs logs train@lr=0.1
                [4/4] report: blocked by missing input logo.png
                tabular: 1 failed, 2 blocked, 1 fresh in 10.5s
                  runs logs train@lr=0.1  to see why it failed
                  runs exec               to run what is left

                """)
    }

    @Test func anInterruptedRun() {
        let text = transcript(
            PlainProgress(),
            [
                runStarted(selected: 3, willRun: 3, fresh: 0), stageStarted(0, "a"),
                event(1, .interrupted(signal: 2, forced: false)),
                event(2, .interrupted(signal: 15, forced: true)),
                stageFinished(
                    2, "a", wall: 2, state: .interrupted, exit: .signal(9),
                    error: "stopped because runs was interrupted", tail: ["x"]),
                runFinished(2, .interrupted, failed: ["a"]),
            ])
        #expect(
            text == """
                tabular: 3 stages (3 will run)
                [0/3] a: started (never ran)
                INT: stopping running stages (repeat to kill them)
                TERM: killing running stages
                [1/3] a: interrupted after 2.0s: stopped because runs was interrupted
                tabular: 1 interrupted, 2 not started in 2.0s
                  runs exec  to continue

                """)
    }

    @Test(arguments: [
        (10, 10, 0, "all 10 stages fresh, nothing to run"), (1, 1, 0, "1 stage fresh, nothing to run"),
        (10, 8, 2, "all 10 stages fresh (2 restored), nothing to run"), (0, 0, 0, "no stages, nothing to run"),
    ])
    func nothingToRunIsOneLine(selected: Int, fresh: Int, restored: Int, expected: String) {
        var events = [runStarted(selected: selected, willRun: 0, fresh: selected)]
        events += (0..<restored).map { decided(0.1, "stage\($0)", .restored, Reason(.restored)) }
        events.append(runFinished(0.2, .succeeded, fresh: fresh, restored: restored))
        #expect(transcript(PlainProgress(), events) == "tabular: \(expected)\n")
    }

    @Test func fewOfManyFailuresAreNamed() {
        let names = (1...5).map { "s\($0)" }
        var events = [runStarted(selected: 5, willRun: 5, fresh: 0)]
        for (index, name) in names.enumerated() {
            events += [stageStarted(0, name, id: Int64(index)), stageFailed(1, name, id: Int64(index))]
        }
        let text = transcript(PlainProgress(), events + [runFinished(1, .failed, failed: names)])
        #expect(
            text.hasSuffix(
                """
                tabular: 5 failed in 1.0s
                  runs logs s1  to see why it failed
                  runs logs s2  to see why it failed
                  runs logs s3  to see why it failed
                  … and 2 more failed
                  runs exec     to run what is left

                """))
    }
}

@Suite struct QuietProgressTests {
    @Test func onlyFailuresAreLeft() {
        let text = transcript(
            QuietProgress(),
            [
                runStarted(), event(0, .warning("no")),
                stageStarted(0, "good", id: 1), stageFinished(1, "good", id: 1, wall: 1),
                stageStarted(0, "saved", id: 2, of: 2), stageFailed(1, "saved", id: 2),
                event(1, .stageRetrying(stage: "saved", nextAttempt: 2, maxAttempts: 2, delaySeconds: 0)),
                stageStarted(1, "saved", id: 3, attempt: 2, of: 2),
                stageFinished(2, "saved", id: 3, attempt: 2, wall: 1),
                stageStarted(0, "not-retried", id: 4, of: 2), stageFailed(2, "not-retried", id: 4),
                stageStarted(0, "bad", id: 5), stageFailed(3, "bad", id: 5, tail: ["why"]),
                decided(3, "after", .blocked, Reason(.blocked, subject: "bad")),
                decided(3, "frozen", .blocked, Reason(.outputMissing, subject: "m.json")),
                runFinished(3, .failed, failed: ["not-retried", "bad"], blocked: 2),
            ])
        #expect(
            text == """
                bad: failed after 0.2s: exit code 3
                    why
                    log: runs logs bad
                frozen: blocked: output m.json is missing
                not-retried: failed after 0.2s: exit code 3
                    log: runs logs not-retried

                """)
    }
}

@Suite struct JSONLinesProgressTests {
    /// An event and its line, from the field after `at` on.
    private static let cases: [(event: RunEvent, name: String, fields: String)] = [
        (
            runStarted(expected: 1.5),
            "run_started",
            #"""
            "run_id":7,"pipeline":"tabular","stages_total":10,"stages_selected":10,"will_run":4,\#
            "may_run":0,"fresh":6,"expected_seconds":1.5
            """#
        ),
        (
            decided(0, "a", .blocked, Reason(.blocked, subject: "b")),
            "stage_decided",
            #"""
            "stage":"a","verdict":"blocked","reasons":[{"code":"blocked","subject":"b","old":null,\#
            "new":null}],"key":null,"execution_id":null
            """#
        ),
        (
            stageStarted(0, "a", id: 3, of: 2, gpus: Quantity(thousandths: 500)),
            "stage_started",
            #"""
            "stage":"a","execution_id":3,"repetition":null,"attempt":1,"max_attempts":2,"reasons":[{"code":"never_ran",\#
            "subject":null,"old":null,"new":null}],"command":"python3 train.py",\#
            "log_path":".runs/logs/7/a.1.log","expected_seconds":null,"resources":{"cpus":1,"gpus":0.5,\#
            "memory_bytes":null,"counted":{}}
            """#
        ),
        (
            stageFailed(0, "a", tail: ["\u{1b}[1m"]),
            "stage_finished",
            #"""
            "stage":"a","execution_id":1,"repetition":null,"attempt":1,"state":"failed","exit_code":3,"signal":null,\#
            "error":"exit code 3","note":null,"wall_seconds":0.2,"user_cpu_seconds":null,\#
            "system_cpu_seconds":null,"max_rss_bytes":null,"read_bytes":null,"write_bytes":null,\#
            "gpu_peak_bytes":null,"gpu_peak_source":null,"gpu_mean_utilization":null,\#
            "log_path":".runs/logs/7/a.1.log","log_tail":["\u001b[1m"]
            """#
        ),
        (
            event(0, .stageRetrying(stage: "a", nextAttempt: 2, maxAttempts: 3, delaySeconds: 0.5)),
            "stage_retrying",
            #"""
            "stage":"a","next_attempt":2,"max_attempts":3,"delay_seconds":0.5
            """#
        ),
        (
            event(0, .stageWaiting(stage: "a", forRun: RunID(2), why: "w")),
            "stage_waiting",
            #"""
            "stage":"a","for_run_id":2,"why":"w"
            """#
        ),
        (
            event(0, .warning("w")),
            "warning",
            #"""
            "message":"w"
            """#
        ),
        (
            event(0, .interrupted(signal: 15, forced: true)),
            "interrupted",
            #"""
            "signal":15,"signal_name":"TERM","forced":true
            """#
        ),
        (
            runFinished(0, .failed, fresh: 1, restored: 2, failed: ["a"], blocked: 3),
            "run_finished",
            #"""
            "run_id":7,"pipeline":"tabular","status":"failed","stages_executed":0,"stages_fresh":1,\#
            "stages_restored":2,"stages_failed":1,"stages_blocked":3,"stages_not_selected":0,\#
            "wall_seconds":0.0,"failed_stages":["a"]
            """#
        ),
    ]

    @Test(arguments: cases.indices)
    func everyEvent(index: Int) {
        let (event, name, fields) = Self.cases[index]
        let line = #"{"event":"\#(name)","at":"2025-11-24T08:30:13.000042Z",\#(fields)}"# + "\n"
        #expect(transcript(JSONLinesProgress(), [event]) == line)
    }
}
