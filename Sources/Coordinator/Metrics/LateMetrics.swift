// Metrics files of stages that are fresh: an output that was declared as a metrics file only after it was made is read
// then, once, into the execution that made it. Knows which outputs were read; does not know the format.

import Model

/// What was read of the metrics files of fresh stages.
struct LateMetrics {
    private(set) var values = 0
    private(set) var stages: [String] = []
    /// What could not be read, one sentence each.
    private(set) var problems: [String] = []
    /// What was left out of files that were read, one sentence each.
    private(set) var notes: [String] = []

    /// - Parameter fresh: stages, and the executions whose outputs are in place.
    mutating func read(
        _ fresh: [(stage: Stage, execution: ExecutionID)], root: String, at time: Timestamp, into store: any RunStore
    ) throws(Failure) {
        let declared = fresh.filter { $0.stage.outputs.contains(where: \.isMetrics) }
        if declared.isEmpty { return }
        let unread = try store.unreadOutputs(of: declared.map(\.execution))
        for (stage, execution) in declared {
            var new = 0
            for output in stage.outputs where output.isMetrics && unread[execution]?.contains(output.path) ?? false {
                let path = output.path.hasPrefix("/") ? output.path : "\(root)/\(output.path)"
                let found = finalMetrics(ofFile: path, shownAs: output.path, at: time)
                if let problem = found.problem {
                    problems.append("cannot read the metrics of stage '\(stage.name)': \(problem)")
                    continue
                }
                if let note = found.note { notes.append("\(stage.name): \(note)") }
                new += try store.addMetrics(found.points, ofFile: output.path, to: execution)
            }
            guard new > 0 else { continue }
            values += new
            stages.append(stage.name)
        }
    }

    /// What was read, for the user; nil: nothing.
    var notice: String? {
        guard let first = stages.first else { return nil }
        let count = "\(values) value\(values == 1 ? "" : "s")"
        return stages.count == 1
            ? "\(first): fresh; its metrics file was read now (\(count))"
            : "\(stages.count) fresh stages: their metrics files were read now (\(count))"
    }
}

extension Run {
    /// Stages that were just found fresh, or whose outputs were restored.
    func readMetrics(of fresh: [StageIndex]) throws(Failure) {
        var late = LateMetrics()
        let found = fresh.compactMap { index in
            state.decisions[index].executionID.map { (stage: graph.stages[index], execution: $0) }
        }
        try late.read(found, root: root, at: driver.now(), into: store)
        if let notice = late.notice { afterCommit.events.append(.notice(notice)) }
        for text in late.problems + late.notes { afterCommit.events.append(.warning(text)) }
        if !late.problems.isEmpty { state.hasUnreadMetrics = true }
    }
}
