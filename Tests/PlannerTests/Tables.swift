// Builders for planner tests: history and files as tables.

import Model
import Planner

/// A history defined by the test.
struct Past: RecordedState {
    var executions: [ExecutionRecord] = []
    var detailsByID: [ExecutionID: ExecutionDetails] = [:]
    /// The members of sets of discovered inputs.
    var discoveredBySet: [DiscoveredSetID: [RecordedPath]] = [:]
    /// The kept content by `EXECUTION/PATH`.
    var kept: [String: String] = [:]

    /// The executions in force, if they are not the newest successes.
    var inForce: [String: ExecutionID] = [:]

    func current(_ stage: String) -> ExecutionRecord? {
        inForce[stage].flatMap { id in executions.first { $0.id == id } } ?? newestSucceeded(stage)
    }
    func owner(ofPath path: String) -> ExecutionRecord? {
        executions.last { $0.outputs.contains { $0.path == path } }
    }
    func newest(_ stage: String) -> ExecutionRecord? { executions.last { $0.stage == stage } }
    func newestSucceeded(_ stage: String) -> ExecutionRecord? {
        executions.last { $0.stage == stage && $0.state == .succeeded }
    }
    func succeeded(key: Digest) -> [ExecutionRecord] {
        executions.reversed().filter { $0.state == .succeeded && $0.key == key }
    }
    func succeeded(baseKey: Digest) -> [ExecutionRecord] {
        executions.reversed().filter { $0.state == .succeeded && $0.baseKey == baseKey }
    }
    var hasEarlierKeys = false
    func inputs(of execution: ExecutionID) -> [RecordedPath] { detailsByID[execution]?.inputs ?? [] }
    func details(of execution: ExecutionID) -> ExecutionDetails? { detailsByID[execution] }
    func discovered(_ set: DiscoveredSetID) -> [RecordedPath] { discoveredBySet[set] ?? [] }
    func kept(_ output: Output, madeBy execution: ExecutionID) -> Fingerprint? {
        Disk(files: kept).fingerprint(of: "\(execution)/\(output.path)", scope: output.scope)
    }
    func kept(_ output: Output, readAs input: Input, madeBy execution: ExecutionID) -> Fingerprint? {
        kept(output, madeBy: execution)
    }

    /// Records that the stage ran with the current files and did not change them.
    ///
    /// - Parameter discovered: what it read without naming it.
    mutating func ran(
        _ stage: Stage, on disk: Disk, state: ExecutionState = .succeeded, inputsChanged: Bool = false,
        rejected: Bool = false, discovered: [String] = [], base given: Digest? = nil
    ) {
        let inputs = stage.inputs.flatMap { input in
            let paths = input.isGlob ? disk.matches(of: input.path, exclusions: input.exclusions) : [input.path]
            return paths.compactMap { path in
                disk.fingerprint(of: path, scope: input.scope).map {
                    RecordedPath(name: input.name, path: path, fingerprint: $0)
                }
            }
        }
        let base = given ?? baseKey(of: stage, environment: stage.environment)
        let id = ExecutionID(Int64(executions.count + 1))
        var set: DiscoveredSetID?
        if !discovered.isEmpty {
            let number = DiscoveredSetID(id.value)
            set = number
            discoveredBySet[number] = discovered.compactMap { path in
                disk.fingerprint(of: path, scope: DigestScope(.content)).map {
                    RecordedPath(discovered: path, fingerprint: $0)
                }
            }
        }
        executions.append(
            ExecutionRecord(
                id: id, runID: RunID(1), stage: stage.name, state: state, key: key(base: base, inputs: inputs),
                baseKey: base,
                inputsChangedDuringRun: inputsChanged, isRejected: rejected,
                outputs: state != .succeeded
                    ? []
                    : stage.outputs.compactMap { output in
                        disk.fingerprint(of: output.path, scope: output.scope).map {
                            RecordedPath(name: output.name, path: output.path, fingerprint: $0)
                        }
                    }, discovered: set))
        detailsByID[id] = ExecutionDetails(
            command: stage.commandText, workingDirectory: stage.workingDirectory,
            environment: stage.environment,
            params: stage.params, inputs: inputs)
    }
}

/// Files with their content, any text.
struct Disk: FileFacts {
    var files: [String: String] = [:]

    func fingerprint(of path: String, scope: DigestScope) -> Fingerprint? {
        files[path].flatMap { content in
            var bytes = [UInt8](content.utf8.prefix(32))
            bytes += [UInt8](repeating: 0, count: 32 - bytes.count)
            return Digest(bytes: bytes).map {
                Fingerprint(kind: .content, digest: $0, sizeBytes: Int64(content.utf8.count))
            }
        }
    }

    func matches(of pattern: String, exclusions: Exclusions) -> [String] {
        let (prefix, suffix) = (pattern.prefix { $0 != "*" }, pattern.drop { $0 != "*" }.dropFirst())
        return files.keys.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted()
    }
}

/// A stage that reads and makes these paths.
func stage(
    _ name: String, reads: [String] = [], makes: [String], command: String = "make", params: [Param] = []
) -> Stage {
    Stage(
        name: name, template: name, command: .shell(command), params: params,
        inputs: reads.map { Input(name: $0, path: $0, isGlob: $0.contains("*")) },
        outputs: makes.map { Output(name: $0, path: $0) })
}

/// A graph whose edges are equal paths, and globs by their prefix.
func graph(_ stages: [Stage]) -> Graph {
    let producers = stages.map { stage in
        stage.inputs.map { input in
            stages.indices.filter { index in
                stages[index].outputs.contains {
                    $0.path == input.path || (input.isGlob && $0.path.hasPrefix(input.path.prefix { $0 != "*" }))
                }
            }
        }
    }
    return Graph(
        pipeline: "test", stages: stages, predecessors: producers.map { Array(Set($0.joined())).sorted() },
        producers: producers, defaultTargets: Array(stages.indices), capacity: [:])
}
