// `runs status`: how every stage stands, without running anything.

import ArgumentParser
import Execution
import Model
import Planner
import Report
import Store

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show for each stage whether it is fresh, stale, failed or running, and why.")

    @Argument(help: ArgumentHelp("Pipeline file, then stages.", valueName: "file-and-stages"))
    var words: [String] = []

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let (file, stages) = fileAndStages(words)
        let opened = try OpenedPipeline.open(file: file, settings: planning.settings, storeOptions)
        let store = try opened.storeForLooking()
        let request = try planning.request(opened, stages: stages)
        let preparation = try Preparation(request, store: store)
        let newest = try store.newestExecutions(pipeline: request.graph.pipeline)
        var rows: [[TableValue]] = []
        for (stage, decision) in zip(request.graph.stages, preparation.plan.decisions) where decision.verdict != .notSelected {
            let word = status(decision.verdict, newest[stage.name]?.state)
            let why = decision.verdict == .fresh ? "" : decision.reasons.map { sentence(for: $0) }.joined(separator: "; ")
            rows.append([.text(stage.name), .text(word), .text(why)])
        }
        formatOptions.write(Table(columns: ["stage", "status", "why"], rows: rows))
    }

    private func status(_ verdict: Verdict, _ newest: ExecutionState?) -> String {
        switch (verdict, newest) {
        case (.run, .running?), (.mayRun, .running?): "running"
        case (.run, .failed?), (.run, .timedOut?), (.run, .outOfMemory?): "failed"
        case (.run, _): "stale"
        case (.mayRun, _): "may be stale"
        case (.restored, _): "restorable"
        case (.fresh, _): "fresh"
        case (.frozen, _): "frozen"
        case (.blocked, _): "blocked"
        case (.notSelected, _): ""
        }
    }
}
