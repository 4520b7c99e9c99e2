// What runs leave in `.runs` after they have ended: logs, scratch folders, kept versions of outputs. Lists, measures
// and deletes them; which of them are no longer needed is the caller's decision.

import Model
import Workspace

/// One thing that a run or an execution left.
public enum StateFolderEntry: Hashable, Sendable {
    case logs(RunID)
    case scratch(RunID)
    /// Earlier versions of what an execution made.
    case kept(ExecutionID)

    /// Relative to the project's folder.
    public var path: String {
        switch self {
        case .logs(let run): RunFiles.logFolder(of: run)
        case .scratch(let run): RunFiles.scratchFolder(of: run)
        case .kept(let execution): RunFiles.keptFolder(of: execution)
        }
    }
}

extension OutputArea {
    /// Removes the scratch folder of a run, and the temporary files of its stages, which are elsewhere.
    func removeScratch(of run: RunID, root: String) throws(WorkspaceFailure) {
        try TemporaryFolders.remove(linkedFrom: "\(root)/\(RunFiles.temporaryLink(of: run))")
        try remove(RunFiles.scratchFolder(of: run))
    }
}

/// The `.runs` of a project's folder.
public struct StateFolder: Sendable {
    private let root: String
    private let area: OutputArea

    public init(root: String) {
        self.root = root
        area = OutputArea(root: root)
    }

    public func runsWithLogs() throws(Failure) -> [RunID] { try numbers(in: RunFiles.logs).map { RunID($0) } }
    public func runsWithScratch() throws(Failure) -> [RunID] { try numbers(in: RunFiles.scratch).map { RunID($0) } }

    /// Executions of which something is kept. What `--overwrite` moved aside has negative numbers, is no execution's
    /// output, and is not among them.
    public func keptExecutions() throws(Failure) -> [ExecutionID] {
        try asFailure { () throws(WorkspaceFailure) in try area.keptExecutions() }.filter { $0.value > 0 }
    }

    /// Those first whose outputs were in place last.
    public func byTimeInPlace(_ executions: [ExecutionID]) -> [ExecutionID] { area.byTimeInPlace(executions) }

    public func sizeBytes(of entry: StateFolderEntry) -> Int64 { bytes(ofTree: "\(root)/\(entry.path)") }

    public func remove(_ entry: StateFolderEntry) throws(Failure) {
        try asFailure { () throws(WorkspaceFailure) in
            if case .scratch(let run) = entry { return try area.removeScratch(of: run, root: root) }
            try area.remove(entry.path)
        }
    }

    /// Whether anything is at a path of the project, a dangling link included.
    public func exists(_ path: String) -> Bool { area.exists(path) }

    private func numbers(in folder: String) throws(Failure) -> [Int64] {
        try asFailure { () throws(WorkspaceFailure) in try area.numberedFolders(in: folder) }.filter { $0 > 0 }
    }
}
