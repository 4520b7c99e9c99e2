// `runs why`: the reasons for a verdict, with old and new values, of the current plan or of a past run. Knows layout;
// the planner and the store know the reasons.

import ArgumentParser
import Coordinator
import Model
import PipelineFormat
import Report
import Store

struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Show why a stage would run now, or why it ran (or not) in a past run.")

    @Argument(
        help: ArgumentHelp("Pipeline file (default: pipeline.json) and stage", valueName: "file-and-stage"))
    var words: [String]

    @Option(
        name: .customLong("run"), help: "Explain this past run: a number, a tag, latest, or latest~1 for the one before"
    )
    var pastRun: String?

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let (file, stages) = try fileAndStages(words)
        guard !stages.isEmpty else { throw Failure(.usage, "no stage named (example: runs why train)") }
        let decisions = try pastRun.map { try recorded($0) } ?? planned(file, stages)
        if formatOptions.format == nil || formatOptions.format == .box,
            Terminal.standardOutput.isTerminal || formatOptions.format == nil
        {
            for (stage, decision) in decisions { Terminal.standardOutput.writeLine(explained(stage, decision)) }
            return
        }
        let rows = decisions.flatMap { stage, decision in
            decision.reasons.map { reason -> [TableValue] in
                [
                    .text(stage), .text(decision.verdict.rawValue), .text(reason.code.rawValue), text(reason.subject),
                    text(reason.old), text(reason.new), decision.executionID.map { .integer($0.value) } ?? .null,
                ]
            }
        }
        formatOptions.write(
            Table(
                columns: ["stage", "verdict", "reason", "subject", "old_value", "new_value", "execution_id"], rows: rows
            ))
    }

    private func planned(_ file: String, _ stages: [String]) throws -> [(String, Decision)] {
        let opened = try OpenedPipeline.open(file: file, settings: planning.settings, storeOptions)
        var request = try planning.request(opened, stages: stages, on: planning.engine(for: opened))
        let store = try opened.storeForLooking()
        try request.takeName(of: opened.file, from: store)
        let preparation = try RunPreparation(request, store: store)
        opened.cacheDigests(of: preparation)
        let named = try stages.flatMap { try request.graph.stages(named: $0) }
        return named.map { (request.graph.stages[$0].name, preparation.plan.decisions[$0]) }
    }

    private func recorded(_ word: String) throws -> [(String, Decision)] {
        let named = try RecordedStages.named(by: words, storeOptions)
        let (store, found) = (named.store, named.stages)
        let run = try store.findRun(word, among: .pipelines(Set(found.map(\.pipeline)).sorted()))
        let decisions = try store.decisions(ofStages: Set(found.map(\.stage)).sorted(), in: run)
        guard !decisions.isEmpty else {
            throw Failure(
                .usage,
                "run \(run) has no decision about '\(words.joined(separator: " "))' "
                    + "(`runs query \"select * from runs\"` lists all runs)")
        }
        return decisions.map { ($0.stage, $0.decision) }
    }

    /// A line for the verdict, and one for each reason followed by the full old and new values.
    private func explained(_ stage: String, _ decision: Decision) -> String {
        var lines = ["\(sanitized(stage)): \(decision.verdict.rawValue)"]
        for reason in decision.reasons {
            lines.append("  \(sentence(for: reason))")
            guard reason.code == .commandChanged || reason.old?.count ?? 0 > 40 || reason.new?.count ?? 0 > 40 else {
                continue
            }
            if let old = reason.old { lines.append("    was: \(sanitized(old))") }
            if let new = reason.new { lines.append("    now: \(sanitized(new))") }
        }
        return lines.joined(separator: "\n")
    }

    private func text(_ value: String?) -> TableValue { value.map { .text($0) } ?? .null }
}
