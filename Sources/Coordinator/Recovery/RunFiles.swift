// The names of files in `.runs`. Reads and writes nothing.

import Model

/// Paths relative to the pipeline's folder.
enum RunFiles {
    static let folder = ".runs"

    static let logs = "\(folder)/logs"
    static let scratch = "\(folder)/tmp"

    static func logFolder(of run: RunID) -> String { "\(logs)/\(run)" }

    /// Earlier versions of what an execution made.
    static func keptFolder(of execution: ExecutionID) -> String { "\(folder)/kept/\(execution)" }

    /// One log a stage, repetition and attempt. A name that is too long for a file keeps its beginning and gets the
    /// execution's place in the graph, which is as unique.
    static func log(of run: RunID, stage: String, index: StageIndex, repetition: Int? = nil, attempt: Int) -> String {
        let name =
            stage.utf8.count <= 180 ? stage : "\(String(decoding: stage.utf8.prefix(160), as: UTF8.self))~\(index)"
        return "\(logFolder(of: run))/\(name)\(repetition.map { ".repeat-\($0)" } ?? "").\(attempt).log"
    }

    /// Files that are exchanged with the stages of a run while they run.
    static func scratchFolder(of run: RunID) -> String { "\(scratch)/\(run)" }

    /// On the path of Python stages.
    static let pythonFolder = "\(folder)/python"
    static let pythonModule = "\(pythonFolder)/runs.py"
    /// Runs at the start of each Python.
    static let pythonHook = "\(pythonFolder)/sitecustomize.py"

    /// Stages with the same params share a file, so that 10,000 stages without params need one.
    static func params(of run: RunID, number: Int) -> String { "\(scratchFolder(of: run))/params-\(number).json" }
    static func metrics(of run: RunID, _ execution: ExecutionID) -> String {
        "\(scratchFolder(of: run))/metrics-\(execution).jsonl"
    }

    /// What Python has imported.
    static func imports(of run: RunID, _ execution: ExecutionID) -> String {
        "\(scratchFolder(of: run))/imports-\(execution)"
    }

    /// Shell text that is too long for an argument.
    static func command(of run: RunID, _ execution: ExecutionID) -> String {
        "\(scratchFolder(of: run))/command-\(execution).sh"
    }

    /// Leads to the folder with the temporary folders of a run's attempts.
    static func temporaryLink(of run: RunID) -> String { "\(scratchFolder(of: run))/temporary" }

    static func liveLock(of run: RunID) -> String { "\(folder)/live/\(run)" }
}
