// The provenance of runs: code and machine, recorded once if runs share them. Does not know how they are found out.

import Model
import RunsSQL

extension Store {
    /// Records what was collected while stages were already running.
    public func recordProvenance(_ provenance: DeferredProvenance, of run: RunID) throws(Failure) {
        try inTransaction { () throws(Failure) in
            var diff: Int64?
            if let found = provenance.diff, let gzip = found.gzip {
                try connection.statement(SQL.insertGitDiff).run([
                    ("gzip", gzip), ("size_bytes", found.sizeBytes), ("is_cut", found.isCut),
                ])
                diff = try connection.statement(SQL.findGitDiff).first([("gzip", gzip)]) { $0.integer(0) }
            }
            try connection.statement(SQL.setProvenance).run([
                ("run_id", run.value), ("machine_id", try machineID(provenance.machine)),
                ("git_dirty", provenance.isDirty), ("git_diff_id", diff),
            ])
        }
    }

    /// The uncommitted changes of a run; nil if none were recorded.
    public func gitDiff(of run: RunID) throws(Failure) -> GitDiff? {
        try connection.statement(SQL.gitDiffOfRun).first([("run_id", run.value)]) {
            GitDiff(gzip: $0.blob(0), sizeBytes: Int($0.integer(1)), isCut: $0.flag(2))
        }
    }

    func machineID(_ machine: Machine) throws(Failure) -> Int64 {
        let bindings: [(String, (any Bindable)?)] = [
            ("kernel", machine.kernel), ("cpu_model", machine.cpuModel), ("cpu_count", machine.cpuCount),
            ("memory_bytes", machine.memoryBytes), ("gpu_names", machine.gpuNames), ("gpu_driver", machine.gpuDriver),
        ]
        if let known = try connection.statement(SQL.findMachine).first(bindings, { $0.integer(0) }) { return known }
        try connection.statement(SQL.insertMachine).run(bindings)
        return connection.lastInsertedRow
    }
}
