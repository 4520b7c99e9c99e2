// The example pipelines, as a new user runs them.

import TestSupport
import Testing

@Suite struct ExampleTests {
    @Test func theExampleRunsOnce() throws {
        let project = try TestProject.copy(ofExample: "tabular")
        let first = try project.runs("exec")
        #expect(first.status == 0, "\(first.story)")
        #expect(try project.executedStages().count == 10)
        let accuracies = try project.query(
            "select stage, last from final_metrics join current using (execution_id, stage) "
                + "where name = 'accuracy' and template = 'evaluate'")
        #expect(accuracies.count == 3)
        #expect(accuracies.allSatisfy { ($0["last"]?.number ?? 0) > 0.9 }, "\(accuracies)")

        let second = try project.runs("exec")
        #expect(second.status == 0)
        #expect(second.output + second.errorOutput == "tabular: all 10 stages fresh, nothing to run\n")
        #expect(try project.executedStages() == [])
    }

    @Test func aChangedParamRunsOnlyItsStages() throws {
        let project = try TestProject.copy(ofExample: "tabular")
        try project.runs("exec")
        // breast_cancer has its own rate, which --set would override too, so the file is changed.
        let pipeline = try #require(project.read("pipeline.json"))
        try project.write("pipeline.json", pipeline.replacing("\"lr\": 0.03", with: "\"lr\": 0.04"))
        #expect(try project.runs("exec").status == 0)
        #expect(
            try project.executedStages() == [
                "compare", "evaluate@dataset=iris", "evaluate@dataset=wine", "train@dataset=iris", "train@dataset=wine",
            ])
        let why = try project.query(
            "select subject, old_value, new_value from decisions where stage = 'train@dataset=iris' and run_id = 2 and reason = 'param_changed'"
        )
        #expect(why == [["subject": .text("lr"), "old_value": .text("0.03"), "new_value": .text("0.04")]])
        // Back to the first rate: its outputs are restored.
        try project.write("pipeline.json", pipeline)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == [])
        #expect(
            try project.query("select count(*) as n from decisions where run_id = 3 and verdict = 'restored'")[0]["n"]?
                .integer == 5)
    }

    /// Each with one command.
    @Test func resultsOfAnExperimentAreShown() throws {
        let project = try TestProject.copy(ofExample: "tabular")
        try project.runs("exec", "train@dataset=iris", "evaluate@dataset=iris")
        try project.runs("exec", "--set", "lr=0.1", "train@dataset=iris", "evaluate@dataset=iris")
        for (words, answer) in [
            (["show"], "param lr changed: 0.03 → 0.1"), (["diff"], "param lr "),
            (["history", "train", "--format", "box"], "│  lr  │"),
            (["best", "accuracy", "--stage", "evaluate", "--format", "box"], "│  lr  │"),
            (["why", "train@dataset=iris", "--run", "latest~1"], "never ran"),
            (["lineage", "models/iris.json"], "made by train@dataset=iris (execution 4 of run 2"),
            (["lineage", "data/raw/iris.csv"], "→ data/clean/iris/test.csv, data/clean/iris/train.csv"),
        ] {
            let result = try project.runs(words)
            #expect(result.status == 0 && result.output.contains(answer), "\(result.story)")
        }
        let best = try project.runs("best", "loss", "--min", "--stage", "evaluate", "--format", "csv").output
        let asked = try project.query(
            """
            select m.execution_id as id, p.number as lr from final_metrics m join lineage_params p using (execution_id)
            where m.name = 'loss' and m.stage like 'evaluate%' and p.name = 'lr' order by m.last
            """)
        let rows = best.split(separator: "\n").map { $0.split(separator: ",") }
        let columns = try #require(rows.first)
        let places = (columns.firstIndex(of: "execution_id"), columns.firstIndex(of: "lr"))
        let (id, lr) = (try #require(places.0), try #require(places.1))
        #expect(rows.dropFirst().map { Double($0[id]) } == asked.map { $0["id"]?.number })
        #expect(rows.dropFirst().map { Double($0[lr]) } == asked.map { $0["lr"]?.number })
    }

    @Test func liveMetricsAreRecorded() throws {
        let project = try TestProject.copy(ofExample: "tabular")
        try project.runs("exec", "train@dataset=iris")
        let steps = try project.query(
            "select count(*) as n, max(step) as last from metrics where stage = 'train@dataset=iris' and name = 'loss' and step is not null"
        )
        #expect(steps == [["n": .number(40), "last": .number(40)]])
    }

    @Test func theSweepSharesItsPreprocessingAndGrowsByPoints() throws {
        let project = try TestProject.copy(ofExample: "sweep")
        #expect(try project.runs("exec", "sweep.json", "train@lr=0.1|0.3").status == 0)
        #expect(try project.executedStages().count == 9)
        #expect(try project.runs(["exec", "sweep.json"], timeout: .seconds(120)).status == 0)
        #expect(try project.executedStages().count == 41)
        let sweep = try #require(project.read("sweep.json"))
        try project.write("sweep.json", sweep.replacing("0.1, 0.3]", with: "0.1, 0.2, 0.3]"))
        #expect(try project.runs("exec", "sweep.json").status == 0)
        #expect(
            try project.executedStages()
                == ["best"]
                + ["evaluate", "train"].flatMap { stage in
                    ["16", "2", "4", "8"].map { "\(stage)@lr=0.2,hidden_dim=\($0)" }
                })
        let rates = try project.query(
            "select distinct number from lineage_params where name = 'lr' and execution_id in "
                + "(select execution_id from current where template = 'evaluate')")
        #expect(rates.count == 7)
    }
}
