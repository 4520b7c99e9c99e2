// `runs exec`: runs what is stale. Wires pipeline, store, planner, executor and reporter; decides nothing itself.

import ArgumentParser
import Execution
import GPU
import Glibc
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
        abstract: "Run what is stale among the stages named (default: all) and what they need.",
        discussion: """
            FILE is pipeline.json where it is left out; the first argument is FILE if it ends in .json.
            A stage is named by its template (train), by values (train@dataset=iris, train@lr=0.1|0.3), by its full \
            name, or by a glob.
            """)

    @Argument(help: ArgumentHelp("Pipeline file, then stages.", valueName: "file-and-stages"))
    var words: [String] = []

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var storeOptions: StoreOptions

    @Option(name: .shortAndLong, help: "At most this many stages at a time (default: as cpus, memory and gpus allow).")
    var jobs: Int?

    @Flag(name: [.customShort("n"), .long], help: "Show what would run and why, and run nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "After a failure go on with stages that do not need the failed one.")
    var keepGoing = false

    @Option(help: ArgumentHelp("Time between TERM and KILL when a stage is stopped.", valueName: "duration"))
    var grace = "10s"

    @Flag(help: "Move aside files that lie where outputs go, although no execution made them.")
    var overwrite = false

    @Flag(help: "Keep persistent outputs (checkpoints) even where the stage's key changed.")
    var resume = false

    @Flag(help: "End a stage whose processes use more memory than it asked for.")
    var enforceMemory = false

    @Option(help: "A label for the run; repeatable.")
    var tag: [String] = []

    @Option(help: "A remark on the run; repeatable.")
    var note: [String] = []

    @Flag(help: "Do not record what tracked files hold that the commit does not.")
    var noGitDiff = false

    @Flag(help: "Print a [BENCH] line after each stage; also by BENCHMARK=1.")
    var benchmark = false

    @Option(
        name: .customLong("repeat"),
        help: ArgumentHelp(
            "Execute the stages named this many times, fresh or not, each marked as a repeat; tells min, median and max.",
            valueName: "count"))
    var repeatCount: Int?

    @Option(
        help: ArgumentHelp(
            "A shell command for when the run has ended, however; it gets the run as JSON on its standard input.",
            valueName: "command"))
    var onFinish: String?

    @Option(help: "How progress is shown: text, jsonl (one JSON object an event, on standard output) or quiet.")
    var output = OutputStyle.text

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1.") }
        if tag.contains("") || note.contains("") { throw ValidationError("--tag and --note must not be empty.") }
        if let repeatCount, repeatCount < 1 { throw ValidationError("--repeat must be at least 1.") }
    }

    func run() throws {
        let (file, stages) = fileAndStages(words)
        let opened = try OpenedPipeline.open(file: file, settings: planning.settings, storeOptions)
        var request = try request(opened, stages: stages)
        if dryRun { return try showPlan(request, opened) }
        request.options.jobs = jobs
        let clock = { Timestamp.now() }
        try opened.project.prepareFolder()
        let store = try Store.open(path: opened.project.storePath, access: .write)
        try clearLostRuns(in: store, root: request.root, now: clock())
        let preparation = try Preparation(request, store: store)
        let obstacles = try preparation.obstacles()
        guard obstacles.isEmpty else { throw Failure(.usage, obstacles.joined(separator: "\nruns: ")) }

        var display = Display(style: output, showsBench: benchmark || variable("BENCHMARK") == "1")
        // Where nothing will run they were told before, and one line is all that is to be said.
        if preparation.plan.decisions.contains(where: { $0.verdict == .run || $0.verdict == .mayRun }) {
            for warning in opened.warnings { display.show(RunEvent(at: clock(), kind: .warning(warning))) }
        }
        let run = try Run(preparation, clock: clock) { display.show($0) }
        let outcome: RunOutcome
        do {
            let labels = opened.labels(tags: tag, notes: note)
            outcome = try run.execute(
                labels: labels,
                makeEngine: { holding, events throws(Failure) in
                    try LocalEngine(driver: GPUDriver(), holding: holding, events: events)
                },
                surroundings: labels.lateSurroundings(keepsGitDiff: !noGitDiff),
                tick: { display.redraw(now: clock()) })
        } catch {
            display.close()
            throw error
        }
        display.close()
        if repeatCount != nil, output != .jsonl {
            for usage in try store.repeats(of: outcome.finished.runID) {
                Terminal.standardOutput.write(benchLine(for: usage))
            }
        }
        if let onFinish { tellOfEnd(onFinish, outcome.finished.runID, in: store) }
        if let signal = outcome.signal { throw ExitCode(128 + signal) }
        if outcome.finished.status != .succeeded { throw ExitCode(1) }
    }

    private func request(_ opened: OpenedPipeline, stages: [String]) throws -> RunRequest {
        var rules = selection.rules
        if repeatCount != nil { rules.force = true }
        var request = try planning.request(opened, stages: stages, rules)
        request.options.repeats = repeatCount
        guard let graceSeconds = seconds(ofDuration: grace), graceSeconds >= 0 else {
            throw Failure(.usage, "--grace '\(grace)' is no duration. Write 10s, 500ms or 2m.")
        }
        request.options.keepGoing = keepGoing
        request.options.graceSeconds = graceSeconds
        request.options.overwrite = overwrite
        request.options.resume = resume
        request.options.enforceMemory = enforceMemory
        return request
    }

    private func showPlan(_ request: RunRequest, _ opened: OpenedPipeline) throws {
        let preparation = try Preparation(request, store: try opened.storeForLooking())
        for warning in opened.warnings { Terminal.standardError.writeLine("warning: \(sanitized(warning))") }
        let decisions = zip(request.graph.stages, preparation.plan.decisions).map { ($0.name, $1) }
        switch output {
        case .jsonl: Terminal.standardOutput.write(planJSONLines(stages: decisions))
        case .text: Terminal.standardOutput.write(planText(pipeline: request.graph.pipeline, stages: decisions))
        case .quiet: break
        }
        let obstacles = try preparation.obstacles()
        guard obstacles.isEmpty else { throw Failure(.usage, obstacles.joined(separator: "\nruns: ")) }
    }
}

/// Options that decide what is stale, and among what: shared by `exec`, `status` and `why`.
struct PlanningOptions: ParsableArguments {
    @Option(name: .customLong("set"), help: ArgumentHelp("A param for this run; repeatable.", valueName: "name=value"))
    var settings: [String] = []

    @Option(help: ArgumentHelp("The total of a counted resource, or of cpus, gpus or memory; repeatable.", valueName: "name=amount"))
    var capacity: [String] = []

    @Flag(help: "Digest every file anew instead of trusting sizes and times.")
    var rehash = false

    @Flag(help: "Run a stage again even where its outputs could be put back.")
    var noRestore = false

    func request(_ opened: OpenedPipeline, stages: [String], _ rules: SelectionRules = SelectionRules()) throws -> RunRequest {
        var totals = opened.graph.capacity
        for text in capacity {
            let (name, value) = try nameAndValue(text)
            let amount = name == "memory" ? bytes(ofSize: value).map { Double($0) } : Double(value)
            guard let amount, let quantity = Quantity(amount) else {
                throw Failure(.usage, "--capacity \(text): '\(value)' is no amount. Write a number, or a size such as 16GiB for memory.")
            }
            totals[name] = quantity
        }
        let environment = callerEnvironment()
        // Asking the driver takes a while, and is of no use to other pipelines.
        let asksForGPUs = opened.graph.stages.contains { ($0.resources.gpus ?? .zero) > .zero }
        var options = RunRequest.Options()
        options.rehash = rehash
        options.mayRestore = !noRestore
        return RunRequest(
            graph: opened.graph, root: opened.project.root,
            selection: try opened.graph.selection(of: stages, rules), options: options,
            capacity: .ofThisMachine(
                counted: totals, caller: { environment[$0] }, driver: asksForGPUs ? GPUDriver() : nil),
            environment: environment)
    }
}

extension OpenedPipeline {
    /// The store for commands that only look; an empty one where the project has none yet.
    func storeForLooking() throws -> Store {
        access(project.storePath, F_OK) == 0 ? try Store.open(path: project.storePath, access: .read) : try Store.inMemory()
    }
}

extension Timestamp {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
