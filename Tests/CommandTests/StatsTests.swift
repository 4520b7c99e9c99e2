// `runs stats`: figures, comparisons and exit statuses, on stores whose figures were set to known values.

import TestSupport
import Testing

@Suite struct StatsTests {
    /// `a` and `b`, seven runs: 10 s and 100 MB each, with an f1 of 0.90 to 0.96 for `a`.
    private func project() throws -> TestProject {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {
              "a": {"command": "echo \"{\\\"f1\\\": 0.9$RUNS_RUN_ID}\" > m", "outputs": {"m": {"path": "m", "metrics": true}}},
              "b": {"command": "true"}}}
            """#)
        for _ in 0..<7 {
            let result = try project.runs("exec", "--force")
            guard result.status == 0 else { throw HarnessError(result.story) }
        }
        try project.changeStore("update execution_rows set wall_seconds = 10, max_rss_bytes = 100000000")
        return project
    }

    private func set(_ project: TestProject, _ assignment: String, run: Int, _ stage: String = "a") throws {
        try project.changeStore(
            "update execution_rows set \(assignment) where run_id = \(run) and stage_id = (select stage_id from stages where name = '\(stage)')"
        )
    }

    @Test func figuresOfStages() throws {
        let project = try project()
        let csv = try project.runs("stats", "--format", "csv")
        #expect(
            csv.output
                == (try project.runs("query", "--format", "csv", "select * from stage_stats order by stage").output))
        #expect(
            try JSON.lines(try project.runs("stats", "b", "--format", "jsonl").output).map { $0["stage"]?.text } == [
                "b"
            ])
        try expectGolden(try project.runs("stats", "--format", "box").output, "stats-box")
        #expect(try project.runs("stats", "c").status == 2)
    }

    @Test func aRunIsComparedWithItsHistory() throws {
        let project = try project()
        try set(project, "wall_seconds = 20", run: 7)
        let result = try project.runs("stats", "--run", "latest", "--format", "csv")
        #expect(result.status == 0, "only --regressions judges: \(result.story)")
        #expect(
            result.output == """
                stage,figure,verdict,value,limit,median,mad,earlier
                a,wall_seconds,out of line,20.0,11.0,10.0,0.0,6
                a,max_rss_bytes,in line,100000000.0,133554432.0,100000000.0,0.0,6
                b,wall_seconds,in line,10.0,11.0,10.0,0.0,6
                b,max_rss_bytes,in line,100000000.0,133554432.0,100000000.0,0.0,6

                """)
        #expect(result.errorOutput == "run 7: 1 of 4 figures out of line\n")
        try expectGolden(try project.runs("stats", "--run", "7", "a", "--format", "box").output, "stats-run-box", [])
        let early = try project.runs("stats", "--run", "3", "--format", "csv")
        #expect(early.output.contains("a,wall_seconds,too little history,10.0,,10.0,0.0,2"), "\(early.story)")
        #expect(early.errorOutput.contains("4 not checked (fewer than 5 earlier runs)"))
    }

    @Test(arguments: [
        ("wall_seconds = 11.2", "a,wall_seconds,"), ("max_rss_bytes = 140000000", "a,max_rss_bytes,"),
        ("gpu_peak_bytes = 180000000", "a,gpu_peak_bytes,"),
    ])
    func regressionsExitWithOne(_ change: String, _ row: String) throws {
        let project = try project()
        try project.changeStore("update execution_rows set gpu_peak_bytes = 100000000")
        #expect(try project.runs("stats", "--regressions").status == 0)
        try set(project, change, run: 7)
        let result = try project.runs("stats", "--regressions", "--format", "csv")
        #expect(result.status == 1, "\(result.story)")
        #expect(result.output.split(separator: "\n").count == 2 && result.output.contains(row), "\(result.story)")
        #expect(try project.runs("stats", "b", "--regressions").status == 0)
        #expect(try project.runs("stats", "--regressions", "--run", "6").status == 0)
        // Current outputs still come from it if a later run finds them fresh.
        #expect(try project.runs("exec").status == 0)
        #expect(try project.runs("stats", "--regressions").status == 1)
    }

    @Test func runsThatCountAsHistory() throws {
        let project = try project()
        try set(project, "wall_seconds = 20", run: 7)
        // Rejected ones are neither checked nor part of the history.
        try project.changeStore("update execution_rows set rejected = 1 where run_id = 7")
        #expect(try project.runs("stats", "--regressions").status == 0)
        try project.changeStore("update execution_rows set rejected = run_id in (1, 2)")
        let few = try project.runs("stats", "--regressions")
        #expect(few.status == 0)
        #expect(few.errorOutput.contains("4 not checked (fewer than 5 earlier runs)"), "\(few.story)")
    }

    @Test func repeatsCountOnceByTheirMedian() throws {
        let project = try project()
        #expect(try project.runs("exec", "a", "--repeat", "5").status == 0)
        try project.changeStore(
            "update execution_rows set wall_seconds = 6 + 4 * repetition, max_rss_bytes = 100000000 where run_id = 8")
        #expect(
            try project.runs("stats", "--run", "8", "a", "--format", "csv").output.contains(
                "a,wall_seconds,out of line,18.0,11.0,10.0,0.0,7"))
        #expect(try project.runs("exec", "a", "--force").status == 0)
        try set(project, "wall_seconds = 10", run: 9)
        #expect(
            try project.runs("stats", "--run", "9", "a", "--format", "csv").output.contains(
                "a,wall_seconds,in line,10.0,11.0,10.0,0.0,8"))
    }

    /// The last of five values is an outlier of its run, not the value of the run.
    @Test func repeatsCountOnceAlsoByTheirMetrics() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {
              "command": "echo x >> n; case $(wc -l < n) in 2) f=0.9;; 6) f=0.5;; *) f=0.7;; esac; echo \"{\\\"f1\\\": $f}\" > m",
              "outputs": {"m": {"path": "m", "metrics": true}}}}}
            """#)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.runs("exec", "a", "--repeat", "5").status == 0)
        let drop = try project.runs("stats", "--metric", "f1:drop=0.05", "--format", "csv", "--run", "latest")
        #expect(drop.status == 0 && drop.output.contains("a,f1,in line,0.7,"), "\(drop.story)")
        let best = try JSON.lines(try project.runs("best", "f1", "--format", "jsonl").output)
        #expect(best.map { $0["value"]?.number } == [0.7, 0.7] && best.map { $0["execution_id"]?.integer } == [6, 1])
        let page = try project.runs("show")
        #expect(page.output.contains("succeeded (5 repeats)") && page.output.contains("f1=0.7"), "\(page.story)")
        let shown = try JSON.lines(try project.runs("show", "--format", "json").output).first?["stages"]?.array?.first
        #expect(shown?["repeats"]?.integer == 5 && shown?["metrics"]?["f1"]?.number == 0.7)
        #expect(try project.runs("diff").output.contains("f1") == false, "both count 0.7")
    }

    /// More repeats than the number of runs in the history.
    @Test func repeatsDoNotHideEarlierRuns() throws {
        let project = try project()
        #expect(try project.runs("exec", "a", "--repeat", "300").status == 0)
        for earlier in [7, 8] {
            let csv = try project.runs("stats", "--run", "latest", "a", "--format", "csv").output
            #expect(csv.split(separator: "\n").dropFirst().first?.hasSuffix(",\(earlier)") ?? false, "\(csv)")
            #expect(try project.runs("exec", "a", "--force").status == 0)
        }
    }

    @Test(
        arguments: [
            (["f1:min=0.9"], 0), (["f1:min=0.98"], 1), (["f1:max=0.97"], 0), (["f1:max=0.96"], 1), (["f1:drop=0"], 0),
            (["f1:min=0.9", "f1:max=0.5"], 1), (["f1"], 2), (["f2:min=1"], 2),
        ] as [([String], Int32)])
    func metricBoundsAreChecked(_ bounds: [String], _ status: Int32) throws {
        let project = try project()
        let result = try project.runs(
            ["stats", "--regressions", "--format", "csv"] + bounds.flatMap { ["--metric", $0] })
        #expect(result.status == status, "\(result.story)")
        #expect(result.output.contains("a,f1,out of line,0.97,") == (status == 1), "\(result.story)")
        #expect(try project.runs(["stats", "b"] + bounds.flatMap { ["--metric", $0] }).status == 2, "b reports none")
    }

    @Test func aMetricMayNotDropBelowTheBest() throws {
        let project = try project()
        try project.changeStore(
            "update metric_points set value = 0.93 where execution_id = (select max(execution_id) from metric_points)")
        #expect(try project.runs("stats", "--metric", "f1:drop=0.04").status == 0)
        let result = try project.runs("stats", "--metric", "f1:drop=0.02", "--format", "csv")
        #expect(result.status == 1)
        #expect(
            result.output.contains("a,f1,out of line,0.93,0.94,0.935,"), "\(result.story)"
        )
        // The best is an outlier and is rejected.
        let best =
            try project.query("select execution_id as e from final_metrics order by last desc limit 1")[0]["e"]?.integer
            ?? 0
        #expect(try project.runs("reject", "\(best)", "--reason", "fluke").status == 0)
        #expect(try project.runs("stats", "--metric", "f1:drop=0.02").status == 0)
    }

    @Test func missingAndNonNumericMetricsFail() throws {
        let project = try project()
        try project.changeStore(
            "update metric_points set value = null, value_text = 'NaN' where execution_id = (select max(execution_id) from metric_points)"
        )
        #expect(try project.runs("stats", "--metric", "f1:min=0").status == 1)
        try project.changeStore(
            "delete from metric_points where execution_id = (select max(execution_id) from metric_points)")
        let gone = try project.runs("stats", "--metric", "f1:min=0")
        #expect(gone.status == 1, "\(gone.story)")
    }

    @Test func missingStoreRunAndHistoryAreReported() throws {
        #expect(try TestProject().runs("stats", "--regressions").status == 3)
        let project = try project()
        #expect(try project.runs("stats", "--run", "99").status == 2)
        #expect(try project.runs("stats", "--run", "newest").status == 2)
    }
}
