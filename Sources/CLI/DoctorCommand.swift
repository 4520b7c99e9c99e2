// `runs doctor`: checks the store and the files in `.runs`. Knows which problems there are and how each is repaired;
// reports one line per problem, and repairs only with --repair.

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
        commandName: "doctor", abstract: "Check the store and the files in .runs, and repair them with --repair.",
        discussion: """
            Check the store's integrity, and look for lost runs and their processes, orphaned logs, scratch files and \
            kept outputs. Nothing is changed without --repair. Exit status: 0 if no problem was \
            found or all were repaired, else 1.
            """)

    @Flag(help: "Repair what can be repaired and report each repair")
    var repair = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let project = try Project.find(from: ".", storeOptions)
        // Opened for reading first: a missing store must not be created.
        var store = try project.openForReading()
        if repair { store = try Store.open(path: project.storePath, access: .write) }
        var findings = Findings(repairs: repair)
        try describe(project, store, &findings)
        try checkRuns(project, store, &findings)
        if project.ownsFolder {
            try checkStateFolder(project, store, &findings)
        } else {
            report("files in \(project.root)/.runs: skipped, they belong to another store")
        }
        try checkDigests(project, store, &findings)
        report(findings.summary)
        if findings.left > 0 { throw ExitCode(1) }
    }

    private func describe(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let health = try store.health()
        report(
            "store: \(project.storePath), schema \(health.schemaVersion), runs \(programVersion), "
                + "SQLite \(health.sqliteVersion), journal \(health.journalMode)")
        if let free = freeBytes(ofFolder: project.root.isEmpty ? "/" : project.root) {
            report("disk: \(byteText(free)) free")
        }
        describeGPUs()
        for problem in health.problems { findings.add("store is corrupt: \(problem)") }
        guard !health.brokenReferences.isEmpty else { return }
        findings.add(
            "store is incomplete, because another program deleted rows: "
                + health.brokenReferences.joined(separator: ", "), remedy: "deletes what refers to them"
        ) {
            try store.deleteBrokenReferences()
            return "deleted"
        }
    }

    private func describeGPUs() {
        let driver = GPUDriver()
        let gpus = Capacity.ofThisMachine(counted: [:], caller: variable, driver: driver).gpus
        let version = driver.inventory?.driverVersion.map { ", driver \(sanitized($0))" } ?? ""
        // With a driver, each GPU has a line of its own.
        let ids = driver.inventory == nil ? " (\(sanitized(gpus.map(\.id).joined(separator: ", "))))" : ""
        report("gpus: " + (gpus.isEmpty ? "none" : "\(gpus.count)\(ids)") + version)
        for gpu in gpus {
            guard let device = gpu.uuid.flatMap({ driver.inventory?.device(uuid: $0) }) else { continue }
            let size = device.memoryBytes.map { ", \(byteText($0))" } ?? ""
            let place = "\(sanitized(device.uuid)) at \(sanitized(device.busID))"
            report("  \(sanitized(gpu.id)): \(sanitized(device.name))\(size), \(place)")
        }
    }

    // MARK: - Runs

    private func checkRuns(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let root = project.root
        let lostRuns = LostRuns(store: store, root: root)
        for run in try store.runningRuns() {
            let name = "run \(run.id) of '\(run.pipeline)', started \(run.startedAt) by \(run.user)"
            switch condition(of: run, root: root) {
            case .alive: report("\(name), is running")
            case .gone(let mayHaveProcesses):
                let tokens = mayHaveProcesses ? Set(try store.runningExecutions(of: run.id).map(\.token)) : []
                let count = countOrphans(tokens: tokens)
                let processes = count == 0 ? "" : "; \(processText(count)) left"
                findings.add(
                    "\(name), is lost: its program has exited\(processes)",
                    remedy: (count == 0 ? "" : "kills them and ") + "marks the run as lost"
                ) {
                    let ended = try lostRuns.markLost(run, mayHaveProcesses: mayHaveProcesses, now: .now())
                    return "marked as lost" + (ended == 0 ? "" : "; killed \(processText(ended))")
                }
            case .elsewhere where holdsLock(run, root: root): report("\(name), is running on host \(run.liveness.host)")
            case .elsewhere:
                findings.add(
                    "\(name) on host \(run.liveness.host), is recorded as running; cannot check from this host whether "
                        + "it is still alive",
                    remedy: "marks it as lost and releases its claims, but does not touch its processes"
                ) {
                    try lostRuns.markLost(run, mayHaveProcesses: false, now: .now())
                    return "marked as lost"
                }
            }
        }
        let lost = try store.lostExecutions(of: Liveness.ofThisProcess(root: root))
        guard countOrphans(tokens: Set(lost.map(\.token))) > 0 else { return }
        for execution in lost {
            let count = countOrphans(tokens: [execution.token])
            guard count > 0 else { continue }
            findings.add(
                "lost execution \(execution.id) of '\(execution.stage)' left \(processText(count))",
                remedy: "kills them"
            ) {
                return "killed \(processText(endOrphans(tokens: [execution.token])))"
            }
        }
    }

    // MARK: - Files

    private func checkStateFolder(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let stateFolder = StateFolder(root: project.root)
        // Listed before the store is queried, so that files of runs that start meanwhile are not included.
        let (logs, scratch, kept) = (
            try stateFolder.runsWithLogs(), try stateFolder.runsWithScratch(), try stateFolder.keptExecutions()
        )
        // Before anything is removed, wait for a run that is just being recorded.
        if repair { try store.inTransaction { () throws(Failure) in } }
        for run in try store.unknownRuns(among: logs) {
            addOrphan(.logs(run), "logs of unknown run \(run)", stateFolder, &findings)
        }
        for run in try store.endedRuns(among: scratch) {
            addOrphan(.scratch(run), "scratch files of run \(run), which is not running", stateFolder, &findings)
        }
        for execution in try store.unknownExecutions(among: kept) {
            addOrphan(.kept(execution), "kept outputs of unknown execution \(execution)", stateFolder, &findings)
        }
    }

    private func addOrphan(
        _ entry: StateFolderEntry, _ what: String, _ stateFolder: StateFolder, _ findings: inout Findings
    ) {
        let size = byteText(stateFolder.sizeBytes(of: entry))
        findings.add("\(entry.path): \(what), \(size)", remedy: "deletes them") {
            try stateFolder.remove(entry)
            return "deleted, \(size) freed"
        }
    }

    private func checkDigests(_ project: Project, _ store: Store, _ findings: inout Findings) throws {
        let stateFolder = StateFolder(root: project.root)
        let stale = try store.digestedPaths().filter { !stateFolder.exists($0) }
        guard !stale.isEmpty else { return }
        let digests =
            "cached \(stale.count == 1 ? "digest" : "digests") of " + countText(stale.count, "missing path")
        // Not a problem: each version that is moved aside, and each file that is deleted, leaves one.
        if repair { try store.dropDigests(ofPaths: stale) }
        report(
            "\(digests): \(repair ? "deleted" : "not used any more (--repair deletes \(stale.count == 1 ? "it" : "them"))")"
        )
    }
}

/// The problems found, each reported at once, and how many were repaired.
private struct Findings {
    let repairs: Bool
    private(set) var left = 0
    private var repaired = 0
    private var repairable = 0

    init(repairs: Bool) { self.repairs = repairs }

    /// - Parameters:
    ///   - remedy: what `--repair` does.
    ///   - repair: does it, and returns what was done.
    mutating func add(_ problem: String, remedy: String, repair: () throws -> String) {
        report("problem: \(problem) (--repair \(remedy))")
        guard repairs else {
            left += 1
            repairable += 1
            return
        }
        do {
            report("repaired: \(try repair())")
            repaired += 1
        } catch {
            report("cannot repair: \(error)")
            left += 1
        }
    }

    /// For a problem that cannot be repaired.
    mutating func add(_ problem: String) {
        report("problem: \(problem)")
        left += 1
    }

    var summary: String {
        if left == 0 { return repaired == 0 ? "no problems found" : "all problems repaired" }
        let count = countText(left, "problem")
        if repairs { return "\(count) left" }
        return "\(count) found" + (repairable == 0 ? "" : " (`runs doctor --repair` can repair \(repairable))")
    }
}

private func processText(_ count: Int) -> String { countText(count, "process", plural: "processes") }

/// Prints a line, which may contain untrusted paths and names of stages.
private func report(_ line: String) { Terminal.standardOutput.writeForeign(line + "\n") }
