// A run as a page, in each format.

import Model
import Report
import Testing

/// A run with a stage of every state.
func exampleRun() -> RunFacts {
    var run = RunFacts(id: RunID(3))
    run.pipeline = "p|q"
    run.pipelinePath = "pipeline.json"
    run.status = .failed
    run.startedAt = "2026-11-24T08:30:13.000042Z"
    run.finishedAt = "2026-11-24T08:30:15.000042Z"
    run.wallSeconds = 2
    run.commandLine = "runs exec --set 'note=`x`'"
    (run.engine, run.host, run.user) = ("local", "vm", "me")
    run.gitCommit = "0123456789abcdef0123"
    run.hasUncommittedChanges = true
    run.stagesTotal = 6
    run.counts.executed = 2
    run.counts.failed = 1
    run.counts.fresh = 2
    run.counts.restored = 1
    run.counts.blocked = 1
    run.tags = ["base\u{1b}[31m"]
    run.notes = ["ask @someone\nor _not_"]

    var train = StageOfRun(
        stage: "train@lr=0.1",
        decision: Decision(
            verdict: .run,
            reasons: [Reason(.paramChanged, subject: "lr", old: "0.05", new: "0.1"), Reason(.commandChanged)]))
    train.attempts = 1
    var execution = ExecutionFacts(id: ExecutionID(11), runID: run.id)
    execution.stage = "train@lr=0.1"
    execution.state = .succeeded
    execution.wallSeconds = 1.24
    execution.cpuSeconds = 0.9
    execution.maxRSSBytes = 15_200_000
    execution.gpuPeakBytes = 1_200_000_000
    execution.params = [Param(name: "lr", value: .number("0.1")), Param(name: "data", value: .string("iris"))]
    execution.metrics =
        ["a", "b", "c", "d", "e"].map { MetricFact(name: $0, value: .number("0.5")) } + [
            MetricFact(name: "f", value: .string("NaN"))
        ]
    train.execution = execution

    var judge = StageOfRun(stage: "judge", decision: Decision(verdict: .run, reasons: [Reason(.lastFailed)]))
    judge.attempts = 2
    var failed = ExecutionFacts(id: ExecutionID(13), runID: run.id)
    failed.stage = "judge"
    failed.state = .failed
    failed.error = "exit code 1: a|b\u{7}"
    failed.logPath = ".runs/logs/3/judge.2.log"
    failed.wallSeconds = 0.1
    failed.note = "2 processes were left <behind>"
    judge.execution = failed

    let blocked = StageOfRun(
        stage: "sum", decision: Decision(verdict: .blocked, reasons: [Reason(.blocked, subject: "judge")]))
    var restored = StageOfRun(stage: "clean", decision: Decision(verdict: .restored, reasons: [Reason(.restored)]))
    var earlier = execution
    earlier.id = ExecutionID(2)
    earlier.metrics = []
    restored.execution = earlier
    run.stages = [train, judge, blocked, restored]
    return run
}

/// With single spaces and lines of one dash, so that widths do not matter.
func squeezed(_ text: String) -> String {
    text.replacing(#/ +/#, with: " ").replacing(#/─+/#, with: "─").replacing(#/-+/#, with: "-")
}

@Suite struct RunPageTests {
    @Test func text() {
        #expect(
            squeezed(runPage(exampleRun(), width: nil)) == """
                run 3 of p|q: failed
                 pipeline pipeline.json
                 started 2026-11-24 08:30:13 UTC, took 2.0s
                 command runs exec -set 'note=`x`'
                 by me on vm, engine local
                 commit 0123456789abcdef0123 (with uncommitted changes)
                 tags base\\e[31m
                 note ask @someone\\nor _not_
                 total 6 stages: 2 executed (1 failed), 1 restored, 2 fresh, 1 blocked
                ┌─┬─┬─┬─┬─┬─┬─┬─┐
                │ stage │ state │ why │ wall │ cpu │ memory │ gpu │ metrics │
                ├─┼─┼─┼─┼─┼─┼─┼─┤
                │ train@lr=0.1 │ succeeded │ param lr changed: 0.05 → 0.1, and 1 more │ 1.2s │ 0.9s │ 15.2 MB │ 1.20 GB │ a=0.5 b=0.5 c=0.5 d=0.5 +2 │
                │ judge │ failed (2 attempts) │ last attempt failed │ 0.1s │ │ │ │ │
                │ sum │ blocked │ blocked by judge │ │ │ │ │ │
                │ clean │ restored │ │ │ │ │ │ │
                └─┴─┴─┴─┴─┴─┴─┴─┘
                failed:
                 judge (execution 13): exit code 1: a|b\\x07
                 log: .runs/logs/3/judge.2.log
                note on judge: 2 processes were left <behind>

                """)
    }

    @Test func aNarrowTerminalIsKeptTo() {
        let box = runPage(exampleRun(), width: 60).split(separator: "\n").filter { $0.hasPrefix("│") }
        #expect(box.count == 5 && box.allSatisfy { $0.count == 60 })
    }

    @Test func markdownFitForAPullRequest() {
        #expect(
            squeezed(runMarkdown(exampleRun())) == """
                ### p|q: run 3 failed in 2.0s

                6 stages: 2 executed (1 failed), 1 restored, 2 fresh, 1 blocked · commit `0123456789ab` (with uncommitted changes) · ``runs exec -set 'note=`x`'`` · tag `base\\e[31m`

                > ask @&#8203;someone\\\\nor \\_not\\_

                | stage | state | why | wall | cpu | memory | gpu | metrics |
                |-|-|-|-:|-:|-:|-:|-|
                | `train@lr=0.1` | succeeded | param lr changed: 0.05 → 0.1, and 1 more | 1.2s | 0.9s | 15.2 MB | 1.20 GB | a=0.5 b=0.5 c=0.5 d=0.5 +2 |
                | `judge` | failed (2 attempts) | last attempt failed | 0.1s | | | | |
                | `sum` | blocked | blocked by judge | | | | | |
                | `clean` | restored | | | | | | |

                **Failed**

                - `judge`: exit code 1: a|b\\\\x07 (log `.runs/logs/3/judge.2.log`)

                Note on `judge`: 2 processes were left \\<behind\\>

                """)
    }

    @Test func jsonHasEveryKeyAlways() {
        let json = runJSON(RunFacts(id: RunID(1)))
        #expect(json["git_commit"] == .null && json["stages"] == .array([]))
        guard case .array(let stages)? = runJSON(exampleRun())["stages"] else {
            Issue.record("no stages")
            return
        }
        #expect(stages.count == 4)
        #expect(stages[0]["params"]?.text == #"{"lr":0.1,"data":"iris"}"#)
        #expect(stages[0]["metrics"]?["f"] == .string("NaN"))
        #expect(stages[1]["error"] == .string("exit code 1: a|b\u{7}"))
        #expect(stages[2]["execution_id"] == .null && stages[2]["attempts"] == .number("0"))
    }
}
