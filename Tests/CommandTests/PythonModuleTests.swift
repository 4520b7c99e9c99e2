// `import runs` in Python stages: reports are recorded, and the module does nothing outside a run.

import TestSupport
import Testing

@Suite struct PythonModuleTests {
    @Test func whatAStageReportsIsRecorded() throws {
        let project = try TestProject()
        try project.write(
            "train.py",
            """
            import threading
            import runs

            class Scalar:
                def item(self):
                    return 2.5

            runs.param({"optimizer": "adam", "model": {"layers": 4}}, lr=0.3, note=None)
            threads = [
                threading.Thread(target=lambda t=t: [runs.report(step=s, **{"t%d" % t: s / 2}) for s in range(500)])
                for t in range(4)
            ]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            runs.report({"val": {"loss": float("nan")}}, step=7)
            runs.summary(best=Scalar())
            """)
        try project.write(
            "pipeline.json",
            #"{"name": "p", "params": {"lr": 0.1}, "stages": {"train": {"command": ["python3", "train.py"], "params": {"lr": 0.1}}}}"#
        )
        let result = try project.runs("exec")
        #expect(result.status == 0 && !result.errorOutput.contains("could not be read"), "\(result.story)")
        #expect(
            try project.query("select name, value, reported from params order by name") == [
                // Params it was given are not reported ones.
                ["name": .text("lr"), "value": .text("0.1"), "reported": .number(0)],
                ["name": .text("model.layers"), "value": .text("4"), "reported": .number(1)],
                ["name": .text("note"), "value": .text("null"), "reported": .number(1)],
                ["name": .text("optimizer"), "value": .text(#""adam""#), "reported": .number(1)],
            ])
        #expect(
            try project.query("select count(*) as n, sum(value) as s from metrics where name like 't_'") == [
                ["n": .number(2000), "s": .number(4 * 499 * 500 / 4)]
            ])
        #expect(
            try project.query(
                "select name, step, value, value_text from metrics where name not like 't_' order by name") == [
                    ["name": .text("best"), "step": .null, "value": .number(2.5), "value_text": .null],
                    ["name": .text("val.loss"), "step": .number(7), "value": .null, "value_text": .text("NaN")],
                ])
        // Reported params are not part of the key.
        #expect(try project.runs("exec").status == 0)
        #expect(try project.query("select count(*) as n from executions") == [["n": .number(1)]])
    }

    @Test func theModuleDoesNothingOutsideARun() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": "true"}}}"#)
        #expect(try project.runs("exec").status == 0)
        try project.shell(
            "env -u RUNS_METRICS PYTHONPATH=.runs/python python3 -c 'import runs; runs.report(x=1); runs.summary(y=2)'")
    }

    /// Whatever it is given, and whatever happens to its file: the program goes on, and what is lost is counted.
    @Test func noExceptionReachesTheProgram() throws {
        let project = try TestProject()
        try project.write(
            "train.py",
            """
            import decimal, os, sys, runs

            class Array:  # as NumPy's
                shape, size = (2,), 2
                def item(self): raise ValueError("can only convert an array of size 1")
                def tolist(self): return [0.1, 0.9]

            class Large(Array):
                shape, size = (1000, 1000), 1000000

            class Broken:
                def item(self): raise RuntimeError("device lost")
                def __str__(self): raise RuntimeError("device lost")

            circular, deep, innermost = {"one": 1}, {}, None
            circular["again"] = circular
            innermost = deep
            for _ in range(3000):
                innermost["in"] = {}
                innermost = innermost["in"]
            assert runs.report(step=1, per_class=Array(), loss=0.5) is True
            assert runs.report({("val", "loss"): 0.25, 7: 1}, step=1) is True
            assert runs.report(step=2, text="0.75", large=Large(), exact=decimal.Decimal("1.5"), huge=10**5000) is True
            assert runs.report(a=circular, b=deep, c=Broken(), d="\\udcff", e=lambda: 1, f=2) is True
            assert runs.report(1, 2, 3, 4) is True and runs.report(x="x" * 2000000) is True
            assert runs.param("lr", 0.1, 3) is None and runs.param(path="\\udcff", betas=Array()) is None
            # Its descriptor was closed, and then given to another file.
            os.close(runs._file[0])
            runs.report(closed=1)
            os.close(runs._file[0])
            other = open("other", "w")
            runs.report(reused=1)
            sys.stderr = None
            path, os.environ["RUNS_METRICS"] = os.environ["RUNS_METRICS"], "/nowhere/metrics"
            runs._file = None
            assert runs.report(nowhere=1) is True
            os.environ["RUNS_METRICS"] = path
            """)
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": ["python3", "train.py"]}}}"#)
        let result = try project.runs("exec")
        #expect(result.status == 0 && project.read("other") == "", "\(result.story)")
        #expect(
            try project.query(
                "select group_concat(name || '=' || value || coalesce('@' || step, ''), ' ') as t from (select * from metrics order by name)"
            ) == [
                [
                    "t": .text(
                        "7=1.0@1 a.one=1.0 closed=1.0 exact=1.5@2 f=2.0 loss=0.5@1 reused=1.0 text=0.75@2 val.loss=0.25@1"
                    )
                ]
            ])
        #expect(
            try project.query(
                "select group_concat(name || '=' || value, ' ') as t from (select * from params order by name)")
                == [["t": .text(#"betas=[0.1,0.9] path="?""#)]])
        let note = try project.query("select note from executions")[0]["note"]?.text ?? ""
        #expect(note.hasPrefix("8 values left out, first: 'per_class' = [0.1,0.9] (line 1); "), "\(note)")
        #expect(note.contains("4 reports were not written, first: TypeError: "), "\(note)")
        let log = try #require(project.read(".runs/logs/1/a.1.log"))
        #expect(log.split(separator: "\n").count == 1 && log.hasPrefix("runs: warning: "), "\(log)")
    }

    /// Threads, and workers that are forked in the middle of it.
    @Test func workersWriteWholeLines() throws {
        let project = try TestProject()
        try project.write(
            "train.py",
            """
            import os, runs
            runs.report(step=0, first=1)
            workers = []
            for number in range(4):
                worker = os.fork()
                if worker == 0:
                    for step in range(300):
                        runs.report({"w%d" % number: step}, step=step, padding="0." + "1" * 3000)
                    os._exit(0)
                workers.append(worker)
            for worker in workers:
                os.waitpid(worker, 0)
            """)
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": ["python3", "train.py"]}}}"#)
        #expect(try project.runs("exec").status == 0)
        #expect(
            try project.query(
                "select count(*) as n, sum(value) as s, (select note from executions) as note from metrics where name like 'w_'"
            )
                == [["n": .number(1200), "s": .number(4 * 299 * 150), "note": .null]])
    }

    @Test func aReportBeforeTheTimeoutSaysStop() throws {
        let project = try TestProject()
        try project.write(
            "train.py",
            """
            import os, time, runs
            deadline = float(os.environ["RUNS_DEADLINE"])
            assert 0 < deadline - time.time() <= 3600
            assert runs.report(step=1, loss=1)
            os.environ["RUNS_DEADLINE"] = str(time.time() + 1)
            runs._started -= 3600
            assert runs.report(step=2, loss=1) is False
            del os.environ["RUNS_DEADLINE"]
            assert runs.report(step=3, loss=1)
            """)
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": ["python3", "train.py"], "timeout": "1h"}, "b": {"command": "test -z \"${RUNS_DEADLINE-}\""}}}"#
        )
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
    }

    /// The project's own modules, and those on the caller's path, take precedence.
    @Test func theModuleDoesNotShadowOthers() throws {
        let project = try TestProject()
        try project.write("elsewhere/other.py", "word = 'other'\n")
        try project.write("show.py", "import other, runs; print(other.word, runs.__file__.split('/')[-2])\n")
        try project.write("own/show.py", "import runs; print(runs.word)\n")
        try project.write("own/runs.py", "word = 'own'\n")
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {"command": ["python3", "show.py"]}, "b": {"command": ["python3", "own/show.py"]}}}
            """#)
        let result = try project.runs(["exec"], environment: ["PYTHONPATH": project.path("elsewhere")])
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read(".runs/logs/1/a.1.log") == "other python\n")
        #expect(project.read(".runs/logs/1/b.1.log") == "own\n")
    }
}
