// `runs accept`: takes the outputs on disk as made by the present key. Wires pipeline, store and acceptance.

import ArgumentParser
import Coordinator
import Model
import Report
import Store

struct AcceptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Take the outputs on disk as made by the present inputs, params and command.",
        discussion: """
            For a change that cannot matter (a comment, a renamed variable) or outputs that were made elsewhere: the \
            stages named count as fresh, without being executed. Recorded as executions that were accepted, which \
            statistics leave out; `runs reject EXECUTION` takes it back. Stages before them must be fresh, or named too.
            """)

    @Argument(
        help: ArgumentHelp(
            "Pipeline file where it is not pipeline.json, then the stages.", valueName: "file-and-stages"))
    var words: [String]

    @Option(help: "Why; it goes into the note.")
    var reason: String?

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let (file, stages) = fileAndStages(words)
        guard !stages.isEmpty else { throw Failure(.usage, "name the stages, as in: runs accept train") }
        let opened = try OpenedPipeline.open(file: file, settings: planning.settings, storeOptions)
        let request = try planning.request(opened, stages: stages)
        let named = try stages.flatMap { try request.graph.stages(named: $0) }
        try opened.project.prepareFolder()
        let store = try Store.open(path: opened.project.storePath, access: .write)
        try clearLostRuns(in: store, root: request.root, now: .now())
        let preparation = try RunPreparation(request, store: store)
        let result = try accept(
            named, of: preparation, labels: opened.file.labels(tags: [], notes: []), reason: reason,
            clock: Timestamp.now)
        for (stage, execution) in result.accepted {
            Terminal.standardOutput.writeLine("\(sanitized(stage)): accepted as execution \(execution)")
        }
        for warning in result.warnings { Terminal.standardError.writeLine("warning: \(sanitizedLines(warning))") }
        for stage in result.fresh { Terminal.standardOutput.writeLine("\(sanitized(stage)): fresh already") }
    }
}
