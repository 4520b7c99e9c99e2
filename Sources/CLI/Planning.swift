// Planning options and the request made from them, shared by `exec`, `status`, `why` and `accept`. Knows options; does
// not know what is stale.

import ArgumentParser
import Coordinator
import EngineAPI
import GPU
import Glibc
import LocalEngine
import Model
import PipelineFormat
import Store

struct PlanningOptions: ParsableArguments {
    @Option(
        name: .customLong("set"), help: ArgumentHelp("Set a param for this run; repeatable", valueName: "name=value"))
    var settings: [String] = []

    @Option(
        help: ArgumentHelp(
            "Set the total of a counted resource, or of cpus, gpus or memory; repeatable", valueName: "name=amount"))
    var capacity: [String] = []

    @Flag(help: "Hash every file again instead of trusting sizes and timestamps")
    var rehash = false

    @Flag(help: "Run a stage again even if its outputs could be restored")
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
                    "--capacity \(text): invalid amount '\(value)' (expected a number; for memory a size such as 16GiB)"
                )
            }
            totals[name] = quantity
        }
        return totals
    }

    /// Where the stages of a pipeline run.
    func engine(for opened: OpenedPipeline) throws -> any Engine {
        let totals = opened.graph.capacity.merging(try namedCapacity()) { $1 }
        let driver = GPUDriver()
        // Querying the driver is slow, and only GPU pipelines need it.
        let asksForGPUs = opened.graph.stages.contains { ($0.resources.gpus ?? .zero) > .zero }
        let capacity = Capacity.ofThisMachine(counted: totals, caller: variable, driver: asksForGPUs ? driver : nil)
        return LocalEngine(capacity: capacity, driver: driver)
    }

    func request(
        _ opened: OpenedPipeline, stages: [String], _ rules: SelectionRules = SelectionRules(), on engine: any Engine
    ) throws -> RunRequest {
        var options = RunRequest.Options()
        options.rehash = rehash
        options.mayRestore = !noRestore
        return RunRequest(
            graph: opened.graph, root: opened.project.root,
            selection: try opened.graph.selection(of: stages, rules), options: options, admission: engine.admission,
            environment: callerEnvironment())
    }
}

extension RunRequest {
    /// Gives the pipeline its name in the store, which another file may have taken.
    mutating func takeName(of file: PipelineFile, from store: Store) throws {
        graph.pipeline = try file.name(of: graph, in: store)
    }
}

extension OpenedPipeline {
    /// The store for read-only commands; an empty one if the project has none yet.
    func storeForLooking() throws -> Store {
        access(project.storePath, F_OK) == 0 ? try project.openForReading() : try Store.inMemory()
    }

    /// Lets later commands use the digests that were found, so that none reads the same large file again.
    func cacheDigests(of preparation: RunPreparation) {
        Store.cacheDigests(preparation.takeNewDigests(), inStoreAt: project.storePath)
    }
}
