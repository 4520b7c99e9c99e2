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
        let module = try #require(project.read(".runs/python/runs.py"))
        #expect(module.split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
        try project.shell(
            "env -u RUNS_METRICS PYTHONPATH=.runs/python python3 -c 'import runs; runs.report(x=1); runs.summary(y=2)'")
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
