// Runs and executions for `runs show`, `diff` and `best`. A few statements, however many stages a run has. Does not
// know words and layout; `Report` does.

import Model
import RunsSQL

/// How much of a run is read.
public enum RunDetail: Sendable {
    /// The stages that were not fresh, with figures, params and metrics.
    case whatHappened
    /// Every stage that was selected, with the execution whose outputs it had; nothing of the executions themselves.
    case whatItHad
}

extension Store {
    /// - Throws: a `Failure` of kind `usage` if the run was deleted.
    public func facts(of run: RunID, _ detail: RunDetail) throws(Failure) -> RunFacts {
        guard var facts = try head(of: run) else {
            throw Failure(.usage, "run \(run) was deleted by `runs gc --rows`.")
        }
        try connection.statement(SQL.labelsOfRun).run([("run_id", run.value)]) { row in
            if let tag = row.optionalText(0) { facts.tags.append(tag) }
            if let note = row.optionalText(1) { facts.notes.append(note) }
        }
        var executions: [String: [ExecutionID]] = [:]
        try connection.statement(SQL.executionsOfRun).run([("run_id", run.value)]) { row in
            executions[row.text(1), default: []].append(ExecutionID(row.integer(0)))
        }
        facts.stages = try decisions(of: run)
        if facts.finishedAt == nil || facts.status == .lost { facts.counts = counted(facts.stages, executions) }
        if detail == .whatHappened { facts.stages.removeAll { $0.decision.verdict == .fresh } }
        for index in facts.stages.indices {
            guard let own = executions[facts.stages[index].stage] else { continue }
            facts.stages[index].attempts = own.count
            facts.stages[index].decision.executionID = own.last
        }
        if detail == .whatHappened {
            try addExecutions(to: &facts.stages, inDetail: false, only: nil)
            // Stages without an execution come last; the others in the order in which they began.
            facts.stages =
                facts.stages.filter { $0.attempts > 0 }
                .sorted { ($0.decision.executionID?.value ?? 0) < ($1.decision.executionID?.value ?? 0) }
                + facts.stages.filter { $0.attempts == 0 }
            let failures = facts.stages.count {
                $0.execution.map { [.failed, .timedOut, .outOfMemory].contains($0.state) } ?? false
            }
            if facts.finishedAt == nil || facts.status == .lost { facts.counts.failed = failures }
        }
        return facts
    }

    /// Reads the executions that the stages name.
    ///
    /// - Parameters:
    ///   - inDetail: with inputs, outputs and environment.
    ///   - only: those among them; nil: all.
    public func addExecutions(
        to stages: inout [StageOfRun], inDetail: Bool, only: Set<ExecutionID>?
    ) throws(Failure) {
        let wanted = stages.compactMap(\.decision.executionID).filter { only?.contains($0) ?? true }
        let facts = try executions(wanted, inDetail: inDetail)
        for index in stages.indices {
            stages[index].execution = stages[index].decision.executionID.flatMap { facts[$0] }
        }
    }

    /// Some executions; unknown ones are left out.
    ///
    /// - Parameter inDetail: with inputs, outputs and environment.
    public func executions(
        _ executions: [ExecutionID], inDetail: Bool
    ) throws(Failure) -> [ExecutionID: ExecutionFacts] {
        let chosen: [(String, Bindable?)] = [("execution_ids", array(executions.map(\.value)))]
        var facts: [ExecutionID: ExecutionFacts] = [:]
        try connection.statement(SQL.factsOfExecutions).run(chosen) { row in
            let execution = self.execution(row)
            facts[execution.id] = execution
        }
        try connection.statement(SQL.paramsOfExecutions).run(chosen) { row in
            // A `.number` is written unchanged, so it can carry any JSON text.
            let value = row.optionalText(3).map { JSONValue.string($0) } ?? .number(row.text(2))
            let param = Param(name: row.text(1), value: value)
            facts[ExecutionID(row.integer(0))]?.params.append(param)
        }
        try connection.statement(SQL.metricsOfExecutions).run(chosen) { row in
            facts[ExecutionID(row.integer(0))]?.metrics.append(
                MetricFact(name: row.text(1), value: Self.number(row.value(2))))
        }
        if facts.values.contains(where: { $0.repetition != nil }) { try countRepeatsOnce(&facts, chosen) }
        guard inDetail else { return facts }
        for id in facts.keys {
            facts[id]?.inputs = try inputs(of: id) + discovered(of: id)
            facts[id]?.outputs = try outputs(of: id)
            facts[id]?.environment = try variables(of: id)
        }
        return facts
    }

    private func head(of run: RunID) throws(Failure) -> RunFacts? {
        try connection.statement(SQL.runHead).first([("run_id", run.value)]) { row in
            var facts = RunFacts(id: run)
            facts.pipeline = row.text(0)
            facts.pipelinePath = row.text(1)
            facts.status = RunStatus(rawValue: row.text(2)) ?? .lost
            if facts.status == .running, goneRuns.contains(run) {
                facts.status = .lost
                facts.unrecordedEnd = .gone
            }
            facts.startedAt = row.text(3)
            facts.finishedAt = row.optionalText(4)
            facts.wallSeconds = row.isNull(5) ? nil : row.real(5)
            facts.commandLine = row.text(6)
            facts.engine = row.text(7)
            facts.host = row.text(8)
            facts.user = row.text(9)
            facts.gitCommit = row.optionalText(10)
            facts.hasUncommittedChanges = row.isNull(11) ? nil : row.flag(11)
            facts.stagesTotal = Int(row.integer(12))
            facts.counts.executed = Int(row.integer(13))
            facts.counts.fresh = Int(row.integer(14))
            facts.counts.restored = Int(row.integer(15))
            facts.counts.failed = Int(row.integer(16))
            facts.counts.blocked = Int(row.integer(17))
            facts.gitBranch = row.optionalText(18)
            facts.gitDiffBytes = row.isNull(19) ? nil : Int(row.integer(19))
            facts.machine = Machine(
                kernel: row.text(20), cpuModel: row.optionalText(21), cpuCount: Int(row.integer(22)),
                memoryBytes: row.integer(23), gpuNames: row.optionalText(24), gpuDriver: row.optionalText(25))
            facts.runsVersion = row.text(26)
            facts.sqliteVersion = row.text(27)
            return facts
        }
    }

    private func decisions(of run: RunID) throws(Failure) -> [StageOfRun] {
        var stages: [StageOfRun] = []
        try connection.statement(SQL.decisionsOfRun).run([("run_id", run.value)]) { row in
            let reason = reason(row, from: 2)
            if stages.last?.stage == row.text(0) {
                stages[stages.count - 1].decision.reasons.append(reason)
            } else {
                stages.append(StageOfRun(stage: row.text(0), decision: decision(row, because: reason)))
            }
        }
        return stages
    }

    /// The counts of a run that did not record its end.
    private func counted(_ stages: [StageOfRun], _ executions: [String: [ExecutionID]]) -> RunCounts {
        var counts = RunCounts()
        counts.executed = executions.count
        for stage in stages {
            switch stage.decision.verdict {
            case .fresh: counts.fresh += 1
            case .restored: counts.restored += 1
            case .blocked: counts.blocked += 1
            case .run, .mayRun, .frozen, .notSelected: continue
            }
        }
        return counts
    }

    func execution(_ row: Row) -> ExecutionFacts {
        var facts = ExecutionFacts(id: ExecutionID(row.integer(0)), runID: RunID(row.integer(1)))
        facts.stage = row.text(2)
        facts.state = ExecutionState(rawValue: row.text(3)) ?? .lost
        facts.isRejected = row.flag(4)
        facts.startedAt = row.optionalText(5)
        facts.wallSeconds = row.isNull(6) ? nil : row.real(6)
        facts.cpuSeconds = row.isNull(7) ? nil : row.real(7)
        facts.maxRSSBytes = row.isNull(8) ? nil : row.integer(8)
        facts.gpuPeakBytes = row.isNull(9) ? nil : row.integer(9)
        facts.error = row.optionalText(10)
        facts.note = row.optionalText(11)
        facts.logPath = row.text(12)
        facts.command = row.text(13)
        facts.repetition = row.isNull(14) ? nil : Int(row.integer(14))
        if facts.state.isOpen, goneRuns.contains(facts.runID) {
            facts.state = .lost
            facts.error = UnrecordedEnd.gone.sentence
        }
        return facts
    }

    static func number(_ value: TableValue) -> JSONValue {
        switch value {
        case .integer(let number): .integer(number)
        case .real(let number): .double(number)
        case .text(let word): .string(word)
        case .null, .blob: .null
        }
    }
}
