// `runs gc`: deletes data of old runs. Knows what may be deleted in which order; counts first, so that --dry-run prints
// exactly what would be deleted.

import ArgumentParser
import Coordinator
import Model
import PipelineFormat
import Report
import Store

struct GCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Delete logs, cached digests and kept outputs of old runs, and their rows with --rows.",
        discussion: """
            Kept versions are deleted only beyond the number that their stage keeps ("keep"), rows only if no current \
            output depends on them. While a run is running, kept outputs and rows are skipped, and the exit status is 1.
            """)

    @Option(help: ArgumentHelp("Delete data of runs that ended longer ago than this: 30d, 12h", valueName: "duration"))
    var olderThan: String?

    @Flag(help: "Also delete the rows of runs and executions, except those that current outputs depend on")
    var rows = false

    @Option(
        help: ArgumentHelp(
            "List outputs on disk whose stage is no longer in this pipeline, without deleting them", valueName: "file"))
    var orphans: String?

    @Flag(name: [.customShort("n"), .long], help: "Print what would be deleted, without deleting it")
    var dryRun = false

    @OptionGroup var storeOptions: StoreOptions

    private var unchanged: String { "nothing was deleted (--dry-run)" }

    func validate() throws {
        if olderThan == nil, orphans == nil {
            throw ValidationError("--older-than or --orphans is required (example: --older-than 30d)")
        }
        if rows, olderThan == nil { throw ValidationError("--rows requires --older-than") }
    }

    func run() throws {
        let pipeline = try orphans.map { try OpenedPipeline.open(file: $0, settings: [], storeOptions) }
        let project = try pipeline?.project ?? Project.find(from: ".", storeOptions)
        let age = try olderThan.map { text in
            guard let age = seconds(ofDuration: text), age >= 0 else {
                throw Failure(.usage, "--older-than: invalid duration '\(text)' (examples: 30d, 12h, 90m)")
            }
            // Clamp to avoid overflow.
            return min(age, 1e11)
        }
        var store = try project.openForReading()
        if age != nil, !dryRun { store = try Store.open(path: project.storePath, access: .write) }
        if let pipeline { try listOrphans(of: pipeline, store) }
        guard let age else { return }
        guard project.ownsFolder else {
            throw Failure(
                .usage,
                "files in \(project.root)/.runs belong to the store there, not to \(project.storePath) "
                    + "(omit --store and RUNS_STORE, or change to the folder of that store)")
        }
        let before = Timestamp(microseconds: Timestamp.now().microseconds - Int64(age * 1e6))
        try collect(before, StateFolder(root: project.root), store)
    }

    private func collect(_ before: Timestamp, _ stateFolder: StateFolder, _ store: Store) throws {
        var freedBytes: Int64 = 0
        let logs = Set(try stateFolder.runsWithLogs()).intersection(try store.runs(endedBefore: before))
        freedBytes += try remove(logs.map { .logs($0) }, "logs of \(countText(logs.count, "run"))", stateFolder)

        let digests = try store.pathsOfUnusedDigests(endedBefore: before)
        if !dryRun { try store.dropDigests(ofPaths: digests) }
        report("cached digests of \(countText(digests.count, "path"))")

        let living = try store.runningRuns()
        guard living.isEmpty else {
            let names = living.map { "run \($0.id) of '\($0.pipeline)' on host \($0.liveness.host)" }.joined(
                separator: ", ")
            report("total: \(byteText(freedBytes))")
            report(
                "skipped kept outputs\(rows ? " and rows" : ""): end not recorded: \(names) "
                    + "(`runs doctor` checks for lost runs)")
            if dryRun { report(unchanged) }
            throw ExitCode(1)
        }
        let kept = try stateFolder.keptExecutions()
        let surplus = try surplusVersions(among: stateFolder.byTimeInPlace(kept), before, store)
        freedBytes += try remove(
            surplus.map { .kept($0) }, "kept outputs of \(countText(surplus.count, "execution"))", stateFolder)

        if rows {
            let staying = Array(Set(kept).subtracting(surplus))
            let forgotten =
                dryRun
                ? try store.forgettable(endedBefore: before, keeping: staying)
                : try store.forget(endedBefore: before, keeping: staying)
            report(
                "rows of \(countText(forgotten.runs, "run")) and \(countText(forgotten.executions, "execution")) "
                    + "(the store file keeps its size; the space is reused)")
        }
        report("total: \(byteText(freedBytes))")
        if dryRun { report(unchanged) }
    }

    /// Returns how many bytes were freed, or would be.
    private func remove(_ found: [StateFolderEntry], _ what: String, _ stateFolder: StateFolder) throws -> Int64 {
        var bytes: Int64 = 0
        for entry in found {
            bytes += stateFolder.sizeBytes(of: entry)
            if !dryRun { try stateFolder.remove(entry) }
        }
        report("\(what): \(byteText(bytes))")
        return bytes
    }

    /// Old versions of stages that keep enough successes which were in place later.
    ///
    /// - Parameter kept: those first whose outputs were in place last.
    private func surplusVersions(among kept: [ExecutionID], _ before: Timestamp, _ store: Store) throws -> [ExecutionID]
    {
        var laterByStage: [Int64: Int] = [:]
        var surplus: [ExecutionID] = []
        let makers = try store.makers(ofKept: kept, endedBefore: before).map { ($0.id, $0) }
        let makerByID = Dictionary(makers, uniquingKeysWith: { first, _ in first })
        for maker in kept.compactMap({ makerByID[$0] }) {
            let later = laterByStage[maker.stageID, default: 0]
            if maker.isOld, later >= maker.keep {
                surplus.append(maker.id)
            } else if maker.isSucceeded {
                laterByStage[maker.stageID] = later + 1
            }
        }
        return surplus
    }

    private func listOrphans(of pipeline: OpenedPipeline, _ store: Store) throws {
        let stateFolder = StateFolder(root: pipeline.project.root)
        let stages = Set(pipeline.graph.stages.map(\.name))
        let outputs = Set(pipeline.graph.stages.flatMap { $0.outputs.map(\.path) })
        let name = try pipeline.file.name(of: pipeline.graph, in: store)
        let orphaned = try store.ownedPaths(pipeline: name).filter { owned in
            !stages.contains(owned.stage) && !isInside(outputs, owned.path) && stateFolder.exists(owned.path)
        }
        for orphan in orphaned.sorted(by: { $0.path < $1.path }) {
            report("orphan: \(orphan.path), made by '\(orphan.stage)', which is not in \(pipeline.file.path)")
        }
        report("\(countText(orphaned.count, "orphaned output")) (not deleted)")
    }

    /// Whether one of the paths is this one or a folder that contains it.
    private func isInside(_ paths: Set<String>, _ path: String) -> Bool {
        var rest = path[...]
        while true {
            if paths.contains(String(rest)) { return true }
            guard let slash = rest.lastIndex(of: "/") else { return false }
            rest = rest[..<slash]
        }
    }
}

/// Prints a line, which may contain untrusted paths and names of stages.
private func report(_ line: String) { Terminal.standardOutput.writeForeign(line + "\n") }
