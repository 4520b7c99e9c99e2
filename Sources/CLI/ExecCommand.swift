// `runs exec`: runs stale stages. Knows how to connect pipeline, store, planner, engine and reporter; does not know
// what is stale.

import ArgumentParser
import Coordinator
import EngineAPI
import GPU
import Glibc
import LocalEngine
import Model
import PipelineFormat
import Report
import Store
import Workspace

extension Store: RunStore {}

enum OutputStyle: String, ExpressibleByArgument, CaseIterable {
    case text, jsonl, quiet
}

struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run the stale stages among those named (default: all) and their dependencies.",
        discussion: """
            The first argument is the pipeline file if it ends in .json.
            A stage is named by its template (train), by values (train@dataset=iris, train@lr=0.1|0.3), by its full \
            name, or by a glob.
            """)

    @Argument(
        help: ArgumentHelp(
            "Pipeline file (default: pipeline.json) and stages (default: all)", valueName: "file-and-stages"))
    var words: [String] = []

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var storeOptions: StoreOptions

    @Option(
        name: [.customShort("j", allowingJoined: true), .long],
        help: "Run at most this many stages at once (default: as many as cpus, memory and gpus allow)")
    var jobs: Int?

    @Flag(name: [.customShort("n"), .long], help: "Show what would run and why, without running it")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Continue after a failure with stages that do not depend on the failed one")
    var keepGoing = false

    @Option(
        help: ArgumentHelp("Wait this long between SIGTERM and SIGKILL when stopping a stage", valueName: "duration"))
    var grace = "10s"

    @Flag(help: "Move untracked files out of the way of outputs")
    var overwrite = false

    @Flag(help: "Keep persistent outputs (checkpoints) even if the stage's key changed")
    var resume = false

    @Flag(help: "Kill a stage that uses more memory than it requested")
    var enforceMemory = false

    @Option(help: "Add a tag to the run; repeatable")
    var tag: [String] = []

    @Option(help: "Add a note to the run; repeatable")
    var note: [String] = []

    @Flag(help: "Do not record uncommitted changes")
    var noGitDiff = false

    @Flag(help: "Print a [BENCH] line after each stage (same as BENCHMARK=1)")
    var benchmark = false

    @Option(
        name: .customLong("repeat"),
        help: ArgumentHelp(
            "Execute the stages named this many times, even if fresh, and print min, median and max",
            valueName: "count"))
    var repeatCount: Int?

    @Option(
        help: ArgumentHelp(
            "Shell command to run when the run ends, whatever its status; gets the run as JSON on stdin",
            valueName: "command"))
    var onFinish: String?

    @Option(help: "Report progress as text, as JSON lines on stdout (jsonl), or only failures (quiet)")
    var output = OutputStyle.text

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
        if tag.contains("") || note.contains("") { throw ValidationError("--tag and --note must not be empty") }
        if let repeatCount, repeatCount < 1 { throw ValidationError("--repeat must be at least 1") }
    }

    func run() throws {
        let (name, stages) = try fileAndStages(words)
        let file = try PipelineFile.read(name, storeOptions)
        if dryRun { return try showPlan(try file.expanded(settings: planning.settings), stages) }
        let cachedPlan =
            isRepeatable ? CachedPlan(request: file.request(settings: planning.settings, stages: stages)) : nil
        // Errors in the pipeline are reported before errors in the store.
        let existing = file.project.existingStore()
        if let cachedPlan, case .success(let store)? = existing, try runChanges(since: cachedPlan, of: file, in: store)
        {
            return
        }
        let opened = try file.expanded(settings: planning.settings)
        let engine = try planning.engine(for: opened)
        var request = try request(opened, stages: stages, on: engine)
        try file.project.prepareFolder()
        let store = try existing?.get() ?? Store.open(path: file.project.storePath, access: .write)
        try request.takeName(of: file, from: store)
        cachedPlan?.replace(
            expansionInputs: opened.expansionInputs(salt: store.salt), warnings: opened.warnings)
        try LostRuns(store: store, root: request.root).clear(now: .now())
        let preparation = try RunPreparation(request, store: store)
        _ = try execute(preparation, cachedPlan, on: engine, opened.warnings, file, in: store)
    }

    /// Whether the outcome depends only on the pipeline, the files and the history, so that a cached plan applies.
    private var isRepeatable: Bool {
        let rules = selection.rules
        return !rules.only && !rules.downstream && !rules.force && repeatCount == nil && !planning.rehash
    }

    /// Runs what changed since the last run of the same request, without reading the whole pipeline.
    ///
    /// - Returns: false if the whole pipeline has to be checked.
    private func runChanges(since cachedPlan: CachedPlan, of file: PipelineFile, in store: Store) throws -> Bool {
        let startedAt = Timestamp.now()
        let root = file.project.root
        switch try cachedPlan.answer(from: store, root: root, stillHolds: { file.stillHolds($0, salt: store.salt) }) {
        case .unknown: return false
        case .unchanged:
            // Invalid options are errors even if nothing runs.
            _ = (try planning.namedCapacity(), try graceSeconds())
            let labels = file.labels(engine: LocalEngine.recordedName, tags: tag, notes: note)
            guard
                let (finished, events) = try cachedPlan.recordUnchanged(
                    labels, root: root, startedAt: startedAt, clock: Timestamp.now, in: store)
            else { return false }
            var display = Display(style: output, showsBench: showsBench)
            for event in events { display.show(event) }
            display.close()
            if let onFinish { runOnFinish(onFinish, finished.runID, in: store) }
            return true
        case .smaller(let graph, let warnings):
            let opened = OpenedPipeline(
                file: file, graph: graph, warnings: warnings, expansionInputs: cachedPlan.expansionInputs)
            let engine = try planning.engine(for: opened)
            var request = try request(opened, stages: [], on: engine)
            request.isPart = true
            let preparation = try RunPreparation(request, store: store)
            guard cachedPlan.isConfirmed(by: preparation) else { return false }
            try file.project.prepareFolder()
            return try execute(preparation, cachedPlan, on: engine, warnings, file, in: store)
        }
    }

    private var showsBench: Bool { benchmark || variable("BENCHMARK") == "1" }

    /// - Returns: false, with nothing done, if stages left out of the preparation may have changed.
    private func execute(
        _ preparation: RunPreparation, _ cachedPlan: CachedPlan?, on engine: any Engine, _ warnings: [String],
        _ file: PipelineFile, in store: Store
    ) throws -> Bool {
        try refuse(preparation.obstacles().sentences)
        let labels = file.labels(engine: engine.name, tags: tag, notes: note)
        let leftovers = try preparation.leftoverWarnings()
        var display = Display(style: output, showsBench: showsBench)
        let lostRuns = LostRuns(store: store, root: preparation.request.root)
        // What every run warns about must be looked at by every run.
        let run = try Run(
            preparation, cachedPlan: leftovers.isEmpty ? cachedPlan : nil, lostRuns: lostRuns, engine: engine,
            driver: try SystemDriver()
        ) { display.show($0) }
        let ended: RunOutcome?
        do {
            ended = try run.execute(
                labels: labels,
                // If nothing will run, an earlier run has printed them, and the output is a single line.
                warnings: (preparation.plan.willOrMayRun
                    ? warnings + preparation.warningsAboutSourcedFiles(file: file.path) : []) + leftovers,
                provenance: labels.provenanceQuestions(
                    of: preparation, keepsGitDiff: !noGitDiff),
                tick: { display.redraw(now: .now()) })
        } catch {
            display.close()
            throw error
        }
        display.close()
        guard let outcome = ended else { return false }
        if repeatCount != nil, output != .jsonl {
            for usage in try store.repeats(of: outcome.finished.runID) {
                Terminal.standardOutput.write(benchLine(for: usage))
            }
        }
        if let onFinish, outcome.finished.status != .running {
            runOnFinish(onFinish, outcome.finished.runID, in: store)
        }
        if let signal = outcome.signal { throw ExitCode(128 + signal) }
        if outcome.finished.status != .succeeded { throw ExitCode(1) }
        return true
    }

    private func graceSeconds() throws -> Double {
        guard let graceSeconds = seconds(ofDuration: grace), graceSeconds >= 0 else {
            throw Failure(.usage, "--grace: invalid duration '\(grace)' (examples: 10s, 500ms, 2m)")
        }
        return graceSeconds
    }

    private func request(_ opened: OpenedPipeline, stages: [String], on engine: any Engine) throws -> RunRequest {
        var rules = selection.rules
        if repeatCount != nil { rules.force = true }
        var request = try planning.request(opened, stages: stages, rules, on: engine)
        request.options.jobs = jobs
        request.options.repeats = repeatCount
        request.options.keepGoing = keepGoing
        request.options.graceSeconds = try graceSeconds()
        request.options.overwrite = overwrite
        request.options.resume = resume
        request.options.enforceMemory = enforceMemory
        return request
    }

    private func showPlan(_ opened: OpenedPipeline, _ stages: [String]) throws {
        var request = try request(opened, stages: stages, on: planning.engine(for: opened))
        let store = try opened.storeForLooking()
        try request.takeName(of: opened.file, from: store)
        let preparation = try RunPreparation(request, store: store)
        for warning in try opened.warnings + preparation.leftoverWarnings() {
            Terminal.standardError.writeLine("warning: \(sanitized(warning))")
        }
        let decisions = zip(request.graph.stages, preparation.plan.decisions).map { ($0.name, $1) }
        switch output {
        case .jsonl: Terminal.standardOutput.write(planJSONLines(stages: decisions))
        case .text: Terminal.standardOutput.write(planText(pipeline: request.graph.pipeline, stages: decisions))
        case .quiet: break
        }
        opened.cacheDigests(of: preparation)
        // A plan is often looked at on another machine than that which will run it.
        let obstacles = try preparation.obstacles()
        for note in obstacles.impossibleHere { Terminal.standardError.writeLine("note: \(sanitized(note))") }
        try refuse(obstacles.errors)
    }

    private func refuse(_ sentences: [String]) throws(Failure) {
        guard sentences.isEmpty else { throw Failure(.usage, sentences.map(sanitized).joined(separator: "\nerror: ")) }
    }
}
