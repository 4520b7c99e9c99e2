// What people say of runs and executions: labels, remarks, and that a result counts no more. Knows rows; does not know
// who says it.

import Model
import RunsSQL

extension Store {
    // MARK: - Tags and notes

    /// Says it once: a label that is there already stays as it is.
    ///
    /// - Throws: a `Failure` of kind `usage` where there is no such run or execution.
    public func addTag(_ tag: String, to target: LabelTarget, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let (run, execution) = try numbers(of: target)
            let isThere = try connection.statement(SQL.findTag).first([
                ("run_id", run), ("execution_id", execution), ("tag", tag),
            ]) { _ in true }
            if isThere == nil { try insertLabel(run, execution, tag: tag, note: nil, at: time) }
        }
    }

    /// - Throws: a `Failure` of kind `usage` where there is no such run or execution.
    public func addNote(_ note: String, to target: LabelTarget, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let (run, execution) = try numbers(of: target)
            try insertLabel(run, execution, tag: nil, note: note, at: time)
        }
    }

    /// - Returns: whether there was such a label.
    public func removeTag(_ tag: String, from target: LabelTarget) throws(Failure) -> Bool {
        let (run, execution) = try numbers(of: target)
        try connection.statement(SQL.deleteTag).run([("run_id", run), ("execution_id", execution), ("tag", tag)])
        return connection.changedRows > 0
    }

    /// - Returns: whether there was such a remark.
    public func removeNote(_ note: String, from target: LabelTarget) throws(Failure) -> Bool {
        let (run, execution) = try numbers(of: target)
        try connection.statement(SQL.deleteNote).run([("run_id", run), ("execution_id", execution), ("note", note)])
        return connection.changedRows > 0
    }

    /// The labels of a run (not those of its executions) or of an execution, oldest first.
    public func tags(of target: LabelTarget) throws(Failure) -> [String] {
        let (run, execution) = try numbers(of: target)
        return try connection.statement(SQL.tagsOfTarget).all([("run_id", run), ("execution_id", execution)]) {
            $0.text(0)
        }
    }

    private func insertLabel(
        _ run: Int64, _ execution: Int64?, tag: String?, note: String?, at time: Timestamp
    ) throws(Failure) {
        try connection.statement(SQL.insertTag).run([
            ("run_id", run), ("execution_id", execution), ("tag", tag), ("note", note), ("created_at", time.iso8601),
        ])
    }

    /// A label on an execution stands with its run, too.
    private func numbers(of target: LabelTarget) throws(Failure) -> (run: Int64, execution: Int64?) {
        switch target {
        case .run(let run):
            return (try self.run(named: .number(run)).value, nil)
        case .execution(let execution):
            guard
                let run = try connection.statement(SQL.runOfExecution).first(
                    [("execution_id", execution.value)], { $0.integer(0) })
            else { throw noExecution(execution) }
            return (run, execution.value)
        }
    }

    // MARK: - Rejecting

    /// Whether a succeeded execution's result counts no more (`runs reject`), or counts again.
    ///
    /// - Returns: whether that was news.
    /// - Throws: also where there is no such execution, or it did not succeed.
    @discardableResult
    public func setRejected(_ execution: ExecutionID, _ rejected: Bool) throws(Failure) -> Bool {
        let isNews = try inTransaction { () throws(Failure) in
            try connection.statement(SQL.setRejected).run([("execution_id", execution.value), ("rejected", rejected)])
            guard connection.changedRows == 1 else { return false }
            try deletePlanCaches()
            return true
        }
        if isNews { return true }
        guard let state = try stage(of: execution)?.state else { throw noExecution(execution) }
        guard state == .succeeded else {
            throw Failure(
                .usage, "execution \(execution) is \(state.rawValue): only one that succeeded has a result to reject.")
        }
        return false
    }

    /// Other executions whose result would be taken in the place of this one's: the same key, the same outputs.
    public func twins(of execution: ExecutionID) throws(Failure) -> [ExecutionID] {
        guard
            let key = try connection.statement(SQL.keyOfExecution).first(
                [("execution_id", execution.value)],
                { row throws(Failure) in
                    try row.digest(0)
                })
        else { return [] }
        let content = Set(try outputs(of: execution))
        return try succeededExecutions(key: key).filter {
            $0.id != execution && $0.isReusable && Set($0.outputs) == content
        }
        .map(\.id)
    }

    private func noExecution(_ execution: ExecutionID) -> Failure {
        Failure(
            .usage,
            "there is no execution \(execution) in the store. "
                + "`runs history STAGE` lists those of a stage.")
    }
}
