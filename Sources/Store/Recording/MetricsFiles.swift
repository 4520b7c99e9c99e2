// Which outputs were read as metrics files, and those that are read after their execution. Does not know the format.

import Model
import RunsSQL

extension Store {
    /// The outputs of executions that were not read as metrics files.
    public func unreadOutputs(of executions: [ExecutionID]) throws(Failure) -> [ExecutionID: Set<String>] {
        guard !executions.isEmpty else { return [:] }
        var paths: [ExecutionID: Set<String>] = [:]
        try connection.statement(SQL.unreadOutputs).run([("execution_ids", array(executions.map(\.value)))]) {
            paths[ExecutionID($0.integer(0)), default: []].insert($0.text(1))
        }
        return paths
    }

    /// Records what a metrics file says that was read after the end of its execution.
    ///
    /// - Returns: how many of the values were not recorded before.
    public func addMetrics(
        _ points: [MetricPoint], ofFile path: String, to execution: ExecutionID
    ) throws(Failure) -> Int {
        try inTransaction { () throws(Failure) in
            let known = Set(
                try connection.statement(SQL.finalValues).all([("execution_id", execution.value)]) { $0.text(0) })
            let new = points.filter { !known.contains($0.name) }
            try addMetrics(new, to: execution)
            try setMetricsRead(path, of: execution)
            return new.count
        }
    }

    func setMetricsRead(_ path: String, of execution: ExecutionID) throws(Failure) {
        try connection.statement(SQL.setMetricsRead).run([("execution_id", execution.value), ("path", path)])
    }
}
