// From the options that decide what is stale, and among what, to a request; shared by `exec`, `status` and `why`.

import ArgumentParser
import Coordinator
import GPU
import Glibc
import LocalEngine
import Model
import PipelineFormat
import Store

struct PlanningOptions: ParsableArguments {
    @Option(name: .customLong("set"), help: ArgumentHelp("A param for this run; repeatable.", valueName: "name=value"))
    var settings: [String] = []

    @Option(
        help: ArgumentHelp(
            "The total of a counted resource, or of cpus, gpus or memory; repeatable.", valueName: "name=amount"))
    var capacity: [String] = []

    @Flag(help: "Digest every file anew instead of trusting sizes and times.")
    var rehash = false

    @Flag(help: "Run a stage again even where its outputs could be put back.")
    var noRestore = false

    /// The totals of `--capacity`.
    func namedCapacity() throws -> [String: Quantity] {
        var totals: [String: Quantity] = [:]
        for text in capacity {
            let (name, value) = try nameAndValue(text)
            let amount = name == "memory" ? bytes(ofSize: value).map { Double($0) } : Double(value)
            guard let amount, let quantity = Quantity(amount) else {
                throw Failure(
                    .usage,
                    "--capacity \(text): '\(value)' is no amount. Write a number, or a size such as 16GiB for memory.")
            }
            totals[name] = quantity
        }
        return totals
    }

    func request(_ opened: OpenedPipeline, stages: [String], _ rules: SelectionRules = SelectionRules()) throws
        -> RunRequest
    {
        let totals = opened.graph.capacity.merging(try namedCapacity()) { $1 }
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
        access(project.storePath, F_OK) == 0
            ? try Store.open(path: project.storePath, access: .read) : try Store.inMemory()
    }
}
