// What every command that records a run needs: the folder to record it in, and what it is recorded with.

import Execution
import Glibc
import Model
import Workspace

extension Project {
    /// Makes `.runs` where it is missing.
    func prepareFolder() throws {
        do {
            try OutputArea(root: root).prepare()
        } catch {
            throw Failure(
                .store, "\(error.description). The store and the logs are kept there; make the folder \(root) writable."
            )
        }
    }
}

extension OpenedPipeline {
    func labels(tag: String?, note: String?) -> RunLabels {
        let user = variable("USER") ?? variable("LOGNAME") ?? String(getuid())
        let line = ["runs"] + CommandLine.arguments.dropFirst()
        return RunLabels(
            pipelinePath: path, commandLine: line.map(shellQuoted).joined(separator: " "), user: user,
            gitCommit: gitCommit(of: project.root), tag: tag, note: note)
    }
}
