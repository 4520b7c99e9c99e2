// What an execution has read without naming it: where it tells that, when it is looked at, and what is said of it. Knows
// the graph and the run; how it is found out is `Discoverer`'s.

import EngineAPI
import Model
import Planner
import Workspace

extension Run {
    /// Where an execution will report what it reads.
    func sources(
        of execution: StageFiles.Execution, _ stage: Stage, _ facts: StageFacts, startedAt: Timestamp
    ) -> DiscoverySources {
        let earlier = stage.discovery.depfile.flatMap { (try? preparation.workspace.stamp(of: $0)) ?? nil }
        return sources(
            of: stage, importNotes: RunFiles.imports(of: execution.run, execution.id), earlierDepfile: earlier,
            inputPaths: facts.inputs.map(\.path), startedAt: startedAt)
    }

    /// The same of an execution that an earlier coordinator started.
    func sources(ofAdopted execution: RunningStage) -> DiscoverySources {
        let stage = graph.stages[execution.stage]
        return sources(
            of: stage, importNotes: RunFiles.imports(of: execution.filesOf, execution.record.id), earlierDepfile: nil,
            inputPaths: execution.inputs.paths, startedAt: execution.since)
    }

    private func sources(
        of stage: Stage, importNotes: String, earlierDepfile: FileStamp?, inputPaths: [String], startedAt: Timestamp
    ) -> DiscoverySources {
        DiscoverySources(
            importNotes: stage.discovery.followsImports ? "\(root)/\(importNotes)" : nil,
            depfile: stage.discovery.depfile, earlierDepfile: earlierDepfile,
            workingDirectory: stage.workingDirectory,
            named: inputPaths + stage.outputs.map(\.path) + stage.discovery.ignoredPrograms, inputs: stage.inputs,
            startedAt: startedAt)
    }

    /// Looks, off the deciding thread, at what an ended execution reported to have read.
    ///
    /// - Returns: false where there is nothing more to look at.
    func examineReportedInputs(of id: ExecutionID, _ examination: Examination) -> Bool {
        guard !examination.hasReportedInputs, let execution = running[id], let sources = execution.sources,
            !execution.reportedInputs.isEmpty
        else { return false }
        let (workspace, queue, paths) = (preparation.workspace, queue, execution.reportedInputs.sorted())
        driver.inBackground {
            var examination = examination
            examination.hasReportedInputs = true
            examination.discovery.merge(
                Discoverer(sources, in: workspace).find(reported: paths))
            queue.put(.examined(id, examination))
        }
        return true
    }

    /// What is remarkable about what an execution has read.
    func remarks(on discovery: Discovery, of execution: RunningStage, isSuccess: Bool) -> [String] {
        var remarks: [String] = []
        let index = execution.stage
        if isSuccess, let path = discovery.changed.first {
            let more = discovery.changed.count > 1 ? " and \(discovery.changed.count - 1) more" : ""
            remarks.append("input \(path)\(more) changed while it ran: it will run again")
        }
        for input in discovery.inputs {
            let makers = preparation.makers.makers(of: input)
            for maker in makers where maker != index && !preparation.makers.comes(maker, before: index) {
                remarks.append(
                    "reads \(input.path), which stage '\(graph.stages[maker].name)' makes: name it as an input")
            }
        }
        return remarks
    }

    /// Warns, once for each template, that a Python stage did not report what it imports.
    func warnAboutMissingImports(_ discovery: Discovery, of execution: RunningStage) {
        let stage = graph.stages[execution.stage]
        guard stage.discovery.followsImports, stage.discovery.startsPython, !discovery.reportsImports,
            unheardTemplates.insert(stage.template).inserted
        else { return }
        afterCommit.events.append(
            .warning(
                "stage '\(stage.name)': its Python does not tell which modules it imports (it was started with -E, -I or "
                    + "-S, with another PYTHONPATH or in a container), so edits of these are not noticed; name them as "
                    + "inputs, or set \"track_imports\": false"))
    }
}
