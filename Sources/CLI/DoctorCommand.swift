// `runs doctor`: whether the store is sound, and what lies beside it that nobody needs. Tells one line a finding; mends
// only where it is asked to.

import ArgumentParser
import Coordinator
import EngineAPI
import GPU
import LocalEngine
import Model
import ProcessHost
import Report
import Store
import Workspace

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the store and what lies beside it; mend it with --repair.",
        discussion: """
            Looks at the store's soundness, runs whose program is gone, processes that they left, and logs, scratch files, \
            kept outputs and digests that belong to nothing. Without --repair nothing is changed. The status is 0 when \
            all is well or was mended, 1 when something is left.
            """)

    @Flag(help: "Mend what can be mended, and say what was done.")
    var repair = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let project = try Project.find(from: ".", storeOptions)
        // Also where it is to be written to: a store that is not there is not made.
        var store = try project.openForReading()
        if repair { store = try Store.open(path: project.storePath, access: .write) }
        var findings = Findings(repairs: repair)
        try describe(project, store, &findings)
        try checkRuns(project, store, &findings)
        if project.ownsFolder {
            try checkStateFolder(project, store, &findings)
        } else {
            tell("files in \(project.root)/.runs belong to the store there, not to this one: not looked at")
        }
        try checkDigests(project, store, &findings)
        tell(findings.summary)
        if findings.left > 0 { throw ExitCode(1) }
    }

    private func describe(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let health = try store.health()
        tell(
            "store: \(project.storePath), schema \(health.schemaVersion), runs \(programVersion), "
                + "SQLite \(health.sqliteVersion), journal \(health.journalMode)")
        if let free = freeBytes(ofFolder: project.root.isEmpty ? "/" : project.root) {
            tell("disk: \(byteText(free)) free")
        }
        describeGPUs()
        for problem in health.problems { findings.add("the store is damaged: \(problem)") }
    }

    private func describeGPUs() {
        let driver = GPUDriver()
        let gpus = Capacity.ofThisMachine(counted: [:], caller: variable, driver: driver).gpus
        let version = driver.inventory?.driverVersion.map { ", driver \(sanitized($0))" } ?? ""
        // Where a driver tells of them, each has a line of its own.
        let ids = driver.inventory == nil ? " (\(sanitized(gpus.map(\.id).joined(separator: ", "))))" : ""
        tell("gpus: " + (gpus.isEmpty ? "none seen" : "\(gpus.count) seen\(ids)") + version)
        for gpu in gpus {
            guard let device = gpu.uuid.flatMap({ driver.inventory?.device(uuid: $0) }) else { continue }
            let size = device.memoryBytes.map { ", \(byteText($0))" } ?? ""
            let place = "\(sanitized(device.uuid)) at \(sanitized(device.busID))"
            tell("  \(sanitized(gpu.id)): \(sanitized(device.name))\(size), \(place)")
        }
    }

    // MARK: - Runs

    private func checkRuns(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let root = project.root
        for run in try store.runningRuns() {
            let name = "run \(run.id) of '\(run.pipeline)', started \(run.startedAt) by \(run.user)"
            switch condition(of: run, root: root) {
            case .lives: tell("\(name), is running")
            case .gone(let mayHaveProcesses):
                let tokens = mayHaveProcesses ? Set(try store.runningExecutions(of: run.id).map(\.token)) : []
                let count = countOrphans(tokens: tokens)
                let processes = count == 0 ? "" : " and left \(processText(count))"
                findings.add(
                    "\(name), is lost: its program is gone\(processes)",
                    remedy: (count == 0 ? "" : "ends them and ") + "records it as lost"
                ) {
                    let ended = try markLost(
                        run, mayHaveProcesses: mayHaveProcesses, in: store, root: root, now: .now())
                    return "recorded as lost" + (ended == 0 ? "" : "; \(processText(ended)) ended")
                }
            case .elsewhere where holdsLock(run, root: root): tell("\(name), is running on host \(run.liveness.host)")
            case .elsewhere:
                findings.add(
                    "\(name), has not ended as far as the store knows; it belongs to host \(run.liveness.host), and from "
                        + "here it cannot be told whether it lives",
                    remedy: "declares it lost and frees what it holds; its processes there are not touched"
                ) {
                    try markLost(run, mayHaveProcesses: false, in: store, root: root, now: .now())
                    return "declared lost"
                }
            }
        }
        let lost = try store.lostExecutions(of: Liveness.ofThisProcess(root: root))
        guard countOrphans(tokens: Set(lost.map(\.token))) > 0 else { return }
        for execution in lost {
            let count = countOrphans(tokens: [execution.token])
            guard count > 0 else { continue }
            findings.add(
                "the lost execution \(execution.id) of '\(execution.stage)' left \(processText(count))",
                remedy: "ends them"
            ) {
                return "\(processText(endOrphans(tokens: [execution.token]))) ended"
            }
        }
    }

    // MARK: - Files

    private func checkStateFolder(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let stateFolder = StateFolder(root: project.root)
        // Listed before the store is asked: what a run makes meanwhile is then not among it.
        let (logs, scratch, kept) = (
            try stateFolder.runsWithLogs(), try stateFolder.runsWithScratch(), try stateFolder.keptExecutions()
        )
        // Where something will be removed, whoever is just recording a new run has finished that first.
        if repair { try store.inTransaction { () throws(Failure) in } }
        for run in try store.unknownRuns(among: logs) {
            addOrphan(.logs(run), "logs of run \(run), which the store does not know", stateFolder, &findings)
        }
        for run in try store.endedRuns(among: scratch) {
            addOrphan(.scratch(run), "scratch files of run \(run), which is not running", stateFolder, &findings)
        }
        for execution in try store.unknownExecutions(among: kept) {
            addOrphan(
                .kept(execution), "outputs kept of execution \(execution), which the store does not know", stateFolder,
                &findings)
        }
    }

    private func addOrphan(
        _ remain: StateFolderEntry, _ what: String, _ stateFolder: StateFolder, _ findings: inout Findings
    ) {
        let size = byteText(stateFolder.sizeBytes(of: remain))
        findings.add("\(remain.path): \(what), \(size)", remedy: "removes them") {
            try stateFolder.remove(remain)
            return "removed, \(size) freed"
        }
    }

    private func checkDigests(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let stateFolder = StateFolder(root: project.root)
        let stale = try store.digestedPaths().filter { !stateFolder.exists($0) }
        guard !stale.isEmpty else { return }
        let digests =
            "\(stale.count == 1 ? "a remembered digest" : "remembered digests") of "
            + countText(stale.count, "path that is gone", plural: "paths that are gone")
        findings.add(digests, remedy: "drops them") {
            try store.dropDigests(ofPaths: stale)
            return "dropped"
        }
    }
}

/// What was found, told as it is found, and what became of it.
private struct Findings {
    let repairs: Bool
    private(set) var left = 0
    private var mended = 0
    private var mendable = 0

    init(repairs: Bool) { self.repairs = repairs }

    /// - Parameters:
    ///   - remedy: what `--repair` does.
    ///   - mend: does it, and tells what was done.
    mutating func add(_ sentence: String, remedy: String, mend: () throws -> String) {
        tell("found: \(sentence) (--repair \(remedy))")
        guard repairs else {
            left += 1
            mendable += 1
            return
        }
        do {
            tell("mended: \(try mend())")
            mended += 1
        } catch {
            tell("not mended: \(error)")
            left += 1
        }
    }

    /// Of what this program cannot mend.
    mutating func add(_ sentence: String) {
        tell("found: \(sentence)")
        left += 1
    }

    var summary: String {
        if left == 0 { return mended == 0 ? "nothing found: all is well" : "all mended" }
        let count = countText(left, "finding")
        return mendable == 0 ? "\(count) left" : "\(count) left; `runs doctor --repair` mends \(mendable)"
    }
}

private func processText(_ count: Int) -> String { countText(count, "process", plural: "processes") }

/// Paths and names of stages are others' words.
private func tell(_ line: String) { Terminal.standardOutput.writeForeign(line + "\n") }
