// Tags, notes, and results marked as invalid. Knows rows; does not know the commands.

import Model
import RunsSQL

extension Store {
    // MARK: - Tags and notes

    /// A tag that exists stays as it is.
    ///
    /// - Throws: a `Failure` of kind `usage` if the run or execution does not exist.
    public func addTag(_ tag: String, to target: LabelTarget, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let (run, execution) = try numbers(of: target)
            let isThere = try connection.statement(SQL.findTag).first([
                ("run_id", run), ("execution_id", execution), ("tag", tag),
            ]) { _ in true }
            if isThere == nil { try insertLabel(run, execution, tag: tag, note: nil, at: time) }
        }
    }

    /// - Throws: a `Failure` of kind `usage` if the run or execution does not exist.
    public func addNote(_ note: String, to target: LabelTarget, at time: Timestamp) throws(Failure) {
        try inTransaction { () throws(Failure) in
            let (run, execution) = try numbers(of: target)
            try insertLabel(run, execution, tag: nil, note: note, at: time)
        }
    }

    /// - Returns: whether the tag existed.
    public func removeTag(_ tag: String, from target: LabelTarget) throws(Failure) -> Bool {
        let (run, execution) = try numbers(of: target)
        try connection.statement(SQL.deleteTag).run([("run_id", run), ("execution_id", execution), ("tag", tag)])
        return connection.changedRows > 0
    }

    /// - Returns: whether the note existed.
    public func removeNote(_ note: String, from target: LabelTarget) throws(Failure) -> Bool {
        let (run, execution) = try numbers(of: target)
        try connection.statement(SQL.deleteNote).run([("run_id", run), ("execution_id", execution), ("note", note)])
        return connection.changedRows > 0
    }

    /// The tags of a run (not those of its executions) or of an execution, oldest first.
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

    /// A tag of an execution also names its run.
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

    /// Marks the result of a succeeded execution as invalid (`runs reject`), or as valid again.
    ///
    /// - Returns: whether anything changed.
    /// - Throws: also if the execution does not exist or did not succeed.
    @discardableResult
    public func setRejected(_ execution: ExecutionID, _ rejected: Bool) throws(Failure) -> Bool {
        let isChanged = try inTransaction { () throws(Failure) in
            try connection.statement(SQL.setRejected).run([("execution_id", execution.value), ("rejected", rejected)])
            guard connection.changedRows == 1 else { return false }
            try deletePlanCaches()
            return true
        }
        if isChanged { return true }
        guard let state = try stage(of: execution)?.state else { throw noExecution(execution) }
        guard state == .succeeded else {
            throw Failure(
                .usage,
                "execution \(execution) is \(state.rawValue): only a succeeded execution has a result to reject.")
        }
        return false
    }

    /// Other executions whose result would be used instead: the same key, the same outputs.
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
            "execution \(execution) does not exist. `runs history STAGE` lists the executions of a stage.")
    }
}
