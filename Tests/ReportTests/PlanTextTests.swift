// Plans and states of stages, as text and as rows.
import Model
import Report
import Testing

@Suite struct PlanTextTests {
    private func stage(_ name: String, _ verdict: Verdict, _ reason: Reason) -> (stage: String, decision: Decision) {
        (name, Decision(verdict: verdict, reasons: [reason]))
    }

    @Test func fewStagesAreListed() {
        let stages = [
            stage("preprocess", .run, Reason(.inputAdded, subject: "a.csv")),
            stage("train@dataset=iris", .mayRun, Reason(.upstreamMayChange, subject: "preprocess")),
            stage("train@dataset=wine", .restored, Reason(.restored)), stage("a", .fresh, Reason(.fresh)),
            stage("b", .fresh, Reason(.fresh)), stage("c", .blocked, Reason(.outputMissing, subject: "c.json")),
            stage("d", .notSelected, Reason(.notSelected)),
        ]
        #expect(
            planText(pipeline: "tabular", stages: stages) == """
                will run:
                  preprocess  input a.csv was added
                may run:
                  train@dataset=iris  stage preprocess may change it
                will be restored:
                  train@dataset=wine
                blocked:
                  c  output c.json is missing
                tabular: 1 will run, 1 may run, 1 will be restored, 1 blocked, 2 fresh, 1 not selected

                """)
    }

    @Test func manyStagesAreGrouped() {
        var stages = (1...24).map { stage("train@lr=\($0)", .run, Reason(.paramChanged, subject: "lr", new: "\($0)")) }
        stages += (1...3).map { stage("eval@k=\($0)", .run, Reason(.neverRan)) }
        stages.append(stage("compare", .run, Reason(.forced)))
        #expect(
            planText(pipeline: "tabular", stages: stages) == """
                will run:
                  train (24 stages)  for example: param lr changed: unset → 1
                  eval (3 stages)    never ran
                  compare            forced
                tabular: 28 will run

                """)
    }

    @Test func theRestIsCounted() {
        let stages = (1...9).map { stage("s\($0)", .run, Reason(.neverRan)) }
        #expect(
            planText(pipeline: "tabular", stages: stages, limit: 2)
                == "will run:\n  s1  never ran\n  s2  never ran\n  … and 7 more stages\ntabular: 9 will run\n")
    }

    @Test func nothingToRun() {
        #expect(
            planText(pipeline: "tabular", stages: [stage("a", .fresh, Reason(.fresh))])
                == "tabular: 1 fresh, nothing to run\n")
        #expect(planText(pipeline: "tabular", stages: []) == "tabular: no stages, nothing to run\n")
    }

    @Test func rowsOfStatus() {
        let rows = statusRows(
            stages: [
                stage("a", .fresh, Reason(.fresh)), stage("b", .run, Reason(.lastFailed)),
                stage("c", .run, Reason(.neverRan)),
                stage("d", .run, Reason(.forced)), stage("e", .restored, Reason(.restored)),
            ], unfinished: ["d": ("running", "run 2")])
        #expect(
            rows == [
                [.text("a"), .text("fresh"), .text("")], [.text("b"), .text("failed"), .text("last attempt failed")],
                [.text("c"), .text("stale"), .text("never ran")], [.text("d"), .text("running"), .text("run 2")],
                [.text("e"), .text("restorable"), .text("")],
            ])
    }
}
