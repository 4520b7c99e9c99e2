// `runs gc`: removes what is old. Counts first, so that --dry-run tells exactly what would go.

import ArgumentParser
import Coordinator
import Model
import PipelineFormat
import Report
import Store

struct GCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove logs, remembered digests and kept outputs of old runs; their rows only with --rows.",
        discussion: """
            Of every stage as many kept versions stay as it asks for ("keep"), whatever their age, and so does everything \
            that outputs of today come from. While a run is running, kept outputs and rows are left alone. The status is 1 when something that \
            was asked for was left.
            """)

    @Option(help: ArgumentHelp("Of runs that ended longer ago than this: 30d, 12h.", valueName: "duration"))
    var olderThan: String?

    @Flag(help: "Also forget the runs and executions themselves, except those that something of today rests on.")
    var rows = false

    @Option(
        help: ArgumentHelp(
            "List outputs on disk whose stage this pipeline no longer has; removes none of them.", valueName: "file"))
    var orphans: String?

    @Flag(name: [.customShort("n"), .long], help: "Print the same, and change nothing.")
    var dryRun = false

    @OptionGroup var storeOptions: StoreOptions

    private var unchanged: String { "nothing was changed (--dry-run)" }

    func validate() throws {
        if olderThan == nil, orphans == nil {
            throw ValidationError("Say what to collect: --older-than 30d, or --orphans FILE.")
        }
        if rows, olderThan == nil { throw ValidationError("--rows needs an age: --older-than 30d.") }
    }

    func run() throws {
        let pipeline = try orphans.map { try OpenedPipeline.open(file: $0, settings: [], storeOptions) }
        let project = try pipeline?.project ?? Project.find(from: ".", storeOptions)
        let age = try olderThan.map { text in
            guard let age = seconds(ofDuration: text), age >= 0 else {
                throw Failure(.usage, "--older-than '\(text)' is no duration. Write 30d, 12h or 90m.")
            }
            // Longer than people have written is as good as for ever, and fits a time.
            return min(age, 1e11)
        }
        var store = try project.openForReading()
        if age != nil, !dryRun { store = try Store.open(path: project.storePath, access: .write) }
        if let pipeline { try listOrphans(of: pipeline, store) }
        guard let age else { return }
        guard project.ownsFolder else {
            throw Failure(
                .usage,
                "the files in \(project.root)/.runs belong to the store there, not to \(project.storePath). "
                    + "Leave --store and RUNS_STORE out, or go to the folder of that store.")
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
        tell("remembered digests of \(countText(digests.count, "path"))")

        let living = try store.runningRuns()
        guard living.isEmpty else {
            let names = living.map { "run \($0.id) of '\($0.pipeline)' on host \($0.liveness.host)" }.joined(
                separator: ", ")
            tell("in all: \(byteText(freedBytes))")
            tell(
                "left alone: kept outputs\(rows ? " and rows" : ""), for \(names) has not ended; try again when it has. "
                    + "`runs doctor` tells whether it is lost")
            if dryRun { tell(unchanged) }
            throw ExitCode(1)
        }
        let kept = try stateFolder.keptExecutions()
        let surplus = try surplusVersions(among: kept, before, store)
        freedBytes += try remove(
            surplus.map { .kept($0) }, "kept outputs of \(countText(surplus.count, "execution"))", stateFolder)

        if rows {
            let staying = Array(Set(kept).subtracting(surplus))
            let forgotten =
                dryRun
                ? try store.forgettable(endedBefore: before, keeping: staying)
                : try store.forget(endedBefore: before, keeping: staying)
            tell(
                "rows of \(countText(forgotten.runs, "run")) and \(countText(forgotten.executions, "execution")) "
                    + "(the store keeps its size and fills the room again)")
        }
        tell("in all: \(byteText(freedBytes))")
        if dryRun { tell(unchanged) }
    }

    /// Returns how many bytes there were.
    private func remove(_ found: [StateFolderEntry], _ what: String, _ stateFolder: StateFolder) throws -> Int64 {
        var bytes: Int64 = 0
        for remain in found {
            bytes += stateFolder.sizeBytes(of: remain)
            if !dryRun { try stateFolder.remove(remain) }
        }
        tell("\(what): \(byteText(bytes))")
        return bytes
    }

    /// Old versions of stages of which as many newer successes are kept as the stage asks for.
    private func surplusVersions(among kept: [ExecutionID], _ before: Timestamp, _ store: Store) throws -> [ExecutionID]
    {
        var newerByStage: [Int64: Int] = [:]
        var surplus: [ExecutionID] = []
        for maker in try store.makers(ofKept: kept, endedBefore: before) {
            let newer = newerByStage[maker.stageID, default: 0]
            if maker.isOld, newer >= maker.keep {
                surplus.append(maker.id)
            } else if maker.isSucceeded {
                newerByStage[maker.stageID] = newer + 1
            }
        }
        return surplus
    }

    private func listOrphans(of pipeline: OpenedPipeline, _ store: Store) throws {
        let stateFolder = StateFolder(root: pipeline.project.root)
        let stages = Set(pipeline.graph.stages.map(\.name))
        let outputs = Set(pipeline.graph.stages.flatMap { $0.outputs.map(\.path) })
        let orphaned = try store.ownedPaths(pipeline: pipeline.graph.pipeline).filter { owned in
            !stages.contains(owned.stage) && !isInside(outputs, owned.path) && stateFolder.exists(owned.path)
        }
        for orphan in orphaned.sorted(by: { $0.path < $1.path }) {
            tell("orphan: \(orphan.path), made by '\(orphan.stage)', which \(pipeline.file.path) no longer has")
        }
        tell("\(countText(orphaned.count, "orphaned output")); none is removed")
    }

    /// Whether one of the paths is this one or a folder that it lies in.
    private func isInside(_ paths: Set<String>, _ path: String) -> Bool {
        var rest = path[...]
        while true {
            if paths.contains(String(rest)) { return true }
            guard let slash = rest.lastIndex(of: "/") else { return false }
            rest = rest[..<slash]
        }
    }
}

/// Paths and names of stages are others' words.
private func tell(_ line: String) { Terminal.standardOutput.writeForeign(line + "\n") }
