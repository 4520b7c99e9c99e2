// What every command that records a run needs: the folder to record it in, and what it is recorded with.

import Coordinator
import GPU
import Glibc
import Model
import Provenance
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

extension PipelineFile {
    func labels(tags: [String], notes: [String]) -> RunLabels {
        let user = variable("USER") ?? variable("LOGNAME") ?? nameOfUser() ?? String(getuid())
        let line = ["runs"] + CommandLine.arguments.dropFirst()
        return RunLabels(
            pipelinePath: path, commandLine: line.map(shellQuoted).joined(separator: " "), user: user,
            checkout: GitCheckout(around: project.root), machine: .this(), tags: tags, notes: notes)
    }
}

/// As the system's list of users has it.
private func nameOfUser() -> String? {
    var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    return String(cString: entry.pw_name)
}

extension RunLabels {
    /// What takes longer to find out: changes that are not committed, and GPUs.
    func deferredProvenance(keepsGitDiff: Bool) -> @Sendable () -> DeferredProvenance {
        let (checkout, machine) = (checkout, machine)
        return {
            let difference = checkout?.difference(keepsPatch: keepsGitDiff)
            var machine = machine
            if let inventory = GPUDriver().inventory, !inventory.gpus.isEmpty {
                machine.gpuNames = inventory.gpus.map(\.name).joined(separator: ", ")
                machine.gpuDriver = inventory.driverVersion
            }
            return DeferredProvenance(machine: machine, isDirty: difference?.isDirty, diff: difference?.diff)
        }
    }
}
