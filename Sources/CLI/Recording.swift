// What commands that record a run share. Knows the `.runs` folder and a run's labels and provenance; does not know how
// a run is recorded.

import Coordinator
import GPU
import Glibc
import Model
import ProcessHost
import Programs
import Provenance
import Store
import Workspace

extension Project {
    /// Creates `.runs` if it is missing.
    func prepareFolder() throws {
        do {
            try OutputArea(root: root).prepare()
        } catch {
            throw Failure(
                .store, "\(error.description) (the store and the logs are kept there; make \(root) writable)")
        }
    }
}

extension PipelineFile {
    func labels(engine: String, tags: [String], notes: [String]) -> RunLabels {
        let user = variable("USER") ?? variable("LOGNAME") ?? userName() ?? String(getuid())
        let line = ["runs"] + commandLineWords()
        return RunLabels(
            pipelinePath: path, commandLine: line.map(shellQuoted).joined(separator: " "), engine: engine, user: user,
            checkout: GitCheckout(around: project.root), machine: .this(), tags: tags, notes: notes)
    }
}

/// From the system's user database.
private func userName() -> String? {
    var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    return String(cString: entry.pw_name)
}

extension LostRuns {
    /// On this machine.
    init(store: Store, root: String) {
        self.init(store: store, root: root, endProcesses: { endOrphans(tokens: $0) })
    }
}

extension RunLabels {
    /// Provenance that takes longer to find out: uncommitted changes and GPUs.
    func provenanceQuestions(
        of preparation: RunPreparation, keepsGitDiff: Bool
    ) -> ProvenanceQuestions {
        let (root, redaction) = (preparation.request.root, preparation.redaction)
        let secrets = redaction.secrets(of: preparation.request.graph)
        let (checkout, machine) = (checkout, machine)
        @Sendable func with(_ paths: [String], _ diff: GitDiff?) -> GitDiff? {
            guard keepsGitDiff, let checkout else { return diff }
            return checkout.adding(untracked: paths, below: root, to: diff)?
                .replacing { redaction.patch($0, knowing: secrets) }
        }
        @Sendable func atStart(_ paths: [String]) -> DeferredProvenance {
            let difference = checkout?.difference(keepsPatch: keepsGitDiff)
            var machine = machine
            if let inventory = GPUDriver().inventory, !inventory.gpus.isEmpty {
                machine.gpuNames = inventory.gpus.map(\.name).joined(separator: ", ")
                machine.gpuDriver = inventory.driverVersion
            }
            return DeferredProvenance(
                machine: machine, isDirty: difference?.isDirty, diff: with(paths, difference?.diff))
        }
        return ProvenanceQuestions(atStart: atStart, withMore: with)
    }
}
