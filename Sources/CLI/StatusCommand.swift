// `runs status`: the status of every stage. Knows how to connect pipeline, store and planner; runs nothing.

import ArgumentParser
import Coordinator
import Model
import Planner
import Report
import Store

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show for each stage whether it is fresh, stale, failed or running, and why.")

    @Argument(
        help: ArgumentHelp(
            "Pipeline file (default: pipeline.json) and stages (default: all)", valueName: "file-and-stages"))
    var words: [String] = []

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let (file, stages) = try fileAndStages(words)
        let opened = try OpenedPipeline.open(file: file, settings: planning.settings, storeOptions)
        let store = try opened.storeForLooking()
        var request = try planning.request(opened, stages: stages, on: planning.engine(for: opened))
        try request.takeName(of: opened.file, from: store)
        let preparation = try RunPreparation(request, store: store)
        for warning in try preparation.leftoverWarnings() {
            Terminal.standardError.writeLine("warning: \(sanitized(warning))")
        }
        let selected = zip(request.graph.stages, preparation.plan.decisions).filter { $1.verdict != .notSelected }
        let unfinished = try unfinishedStages(of: request.graph.pipeline, opened.project, in: store)
        let rows = statusRows(stages: selected.map { ($0.name, $1) }, unfinished: unfinished)
        formatOptions.write(
            Table(columns: ["stage", "status", "why"], rows: rows), TableRoles(names: [0], answers: [1]))
        opened.cacheDigests(of: preparation)
    }
}
