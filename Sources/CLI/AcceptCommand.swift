// `runs accept`: records the outputs on disk as results of the current key. Knows how to connect pipeline, store and
// acceptance; does not know when a result may be accepted.

import ArgumentParser
import Coordinator
import Model
import Report
import Store

struct AcceptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Accept the outputs on disk as results of the current inputs, params and command.",
        discussion: """
            Use this after a change that does not affect results (a comment, a renamed variable), or for outputs made \
            elsewhere: the stages named become fresh without being executed. Each is recorded as an accepted \
            execution, which statistics ignore; `runs reject EXECUTION` undoes it. Upstream stages must be fresh, or \
            named too.
            """)

    @Argument(
        help: ArgumentHelp(
            "Pipeline file (default: pipeline.json) and stages", valueName: "file-and-stages"))
    var words: [String]

    @Option(help: "Record the reason as a note")
    var reason: String?

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let (file, stages) = try fileAndStages(words)
        guard !stages.isEmpty else { throw Failure(.usage, "no stage named (example: runs accept train)") }
        let opened = try OpenedPipeline.open(file: file, settings: planning.settings, storeOptions)
        let engine = try planning.engine(for: opened)
        var request = try planning.request(opened, stages: stages, on: engine)
        let named = try stages.flatMap { try request.graph.stages(named: $0) }
        try opened.project.prepareFolder()
        let store = try Store.open(path: opened.project.storePath, access: .write)
        try request.takeName(of: opened.file, from: store)
        try LostRuns(store: store, root: request.root).clear(now: .now())
        let preparation = try RunPreparation(request, store: store)
        let result = try accept(
            named, of: preparation, labels: opened.file.labels(engine: engine.name, tags: [], notes: []),
            reason: reason,
            clock: Timestamp.now)
        for (stage, execution) in result.accepted {
            Terminal.standardOutput.writeLine("\(sanitized(stage)): accepted as execution \(execution)")
        }
        for warning in result.warnings { Terminal.standardError.writeLine("warning: \(sanitizedLines(warning))") }
        for notice in result.notices { Terminal.standardOutput.writeLine(sanitized(notice)) }
        for stage in result.fresh { Terminal.standardOutput.writeLine("\(sanitized(stage)): already fresh") }
    }
}
