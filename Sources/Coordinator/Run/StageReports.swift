// What an ended stage reported itself, and remarks on its end. Knows when that is read; does not know the format.

import EngineAPI
import Model

/// More memory was used than requested.
struct MemoryExcess {
    let used: Int64
    let requested: Int64

    var sentence: String { "used \(Self.text(used)) of memory, requested \(Self.text(requested))" }

    private static func text(_ bytes: Int64) -> String { "\((bytes + 500_000) / 1_000_000) MB" }
}

/// nil: as much as requested, or a tenth more: pages that processes share are counted for each of them.
func memoryExcess(_ request: ResourceRequest, _ usage: Usage) -> MemoryExcess? {
    guard let requested = request.memoryBytes, let used = usage.maxRSSBytes, Double(used) > 1.1 * Double(requested)
    else { return nil }
    return MemoryExcess(used: used, requested: requested)
}

extension Run {
    /// Once a template.
    func warn(_ excess: MemoryExcess, _ stage: Stage) {
        guard templatesAboveRequest.insert(stage.template).inserted else { return }
        afterCommit.events.append(
            .warning(
                "stage '\(stage.name)': \(excess.sentence). Stages that run at the same time may run out of memory; "
                    + "`runs query --named right-size` shows what to request"))
    }

    /// Records a piece of what an ended stage reported. Returns whether nothing is left.
    func readReportedLines(of id: ExecutionID) throws(Failure) -> Bool {
        guard var tail = running[id]?.tail else { return true }
        tail.end()
        if preparation.workspace.isReadingStopped { tail.giveUp() }
        defer { running[id]?.tail = tail }
        guard metricsBytesLeft > 0 else { return false }
        let now = driver.now()
        try recordReport(tail.read(at: now), of: id)
        metricsBytesLeft -= tail.readBytes
        if !tail.isBehind { try recordReport(tail.readLastLine(at: now), of: id) }
        return !tail.isBehind
    }

    func recordReport(_ reported: ReportedLines, of id: ExecutionID) throws(Failure) {
        for path in reported.inputs { running[id]?.reportedInputs.insert(path) }
        if !reported.points.isEmpty { try store.addMetrics(reported.points, to: id) }
        if !reported.params.isEmpty {
            try store.addReportedParams(preparation.redaction.params(reported.params), to: id)
        }
    }

    /// Remarks on an execution that has ended.
    func remarks(on execution: RunningStage, _ outcome: EngineOutcome, _ examined: [String]) -> [String] {
        var notes: [String] = []
        if outcome.leftoverProcesses > 0 {
            let isOne = outcome.leftoverProcesses == 1
            notes.append("\(outcome.leftoverProcesses) leftover process\(isOne ? " was" : "es were") ended")
        }
        // Examples of what could not be recorded may be secrets.
        return notes + (execution.tail.notes + examined).map { preparation.redaction.text($0) }
    }
}
