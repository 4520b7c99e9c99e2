// A temporary folder for each test, and executions for its store.

import Glibc
import Model
import RunsSQL
import TestSupport
import Testing

@testable import Store

/// A temporary folder for a store.
final class Project: TestFolder {
    private let temporary: TemporaryFolder
    init() throws { temporary = try TemporaryFolder() }

    var folder: String { temporary.folder }
    /// Of the store.
    var storePath: String { path("runs.db") }
    /// Names in the folder, sorted.
    var files: [String] { names() }

    func store(_ access: Store.Access = .write) throws -> Store { try Store.open(path: storePath, access: access) }

    /// Makes the folder read-only, for root too, while the closure runs.
    func readOnly(_ body: () throws -> Void) throws {
        if geteuid() == 0 {
            // Permissions do not bind root: a read-only mount does.
            try #require(mount(folder, folder, "", UInt(MS_BIND), nil) == 0)
            defer { umount2(folder, Int32(MNT_DETACH)) }
            try #require(mount("", folder, "", UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0)
            try body()
        } else {
            chmod(folder, 0o555)
            defer { chmod(folder, 0o755) }
            try body()
        }
    }
}

/// The message of the failure that the closure must throw.
func sentence(_ body: () throws -> Void, at place: SourceLocation = #_sourceLocation) -> String {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: place)
        return ""
    } catch {
        return (error as? Failure)?.message ?? "\(error)"
    }
}

func digest(_ number: Int) -> Digest {
    let tail = (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    guard let digest = Digest(bytes: [UInt8](repeating: 0, count: 24) + tail) else {
        fatalError("32 bytes are a digest")
    }
    return digest
}

/// Seconds after the beginning of 2026.
func time(_ seconds: Int) -> Timestamp { Timestamp(microseconds: 1_767_225_600_000_000 + Int64(seconds) * 1_000_000) }

func recorded(_ name: String, _ path: String, _ content: Int) -> RecordedPath {
    RecordedPath(
        name: name, path: path, fingerprint: Fingerprint(kind: .content, digest: digest(content), sizeBytes: 10))
}

let liveness = Liveness(host: "host", bootID: "boot", pidNamespace: "pid:[1]", pid: 4711, folderID: "1:2")

func runStart(_ pipeline: String = "p", tag: String? = nil, note: String? = nil) -> RunStart {
    RunStart(
        pipeline: pipeline, pipelinePath: "pipeline.json", commandLine: "runs exec", startedAt: time(0),
        engine: "local",
        host: "host", user: "me", checkout: GitCheckout(folder: "/", commit: "abc", branch: "main"),
        machine: Machine(kernel: "Linux 1", cpuModel: nil, cpuCount: 2, memoryBytes: 1 << 30), stagesTotal: 3,
        tags: tag.map { [$0] } ?? [], notes: note.map { [$0] } ?? [])
}

func start(
    _ stage: String, key: Int = 1, baseKey: Int = 1, attempt: Int = 1, params: [Param] = [],
    environment: [EnvironmentVariable] = [], inputs: [RecordedPath] = [], outputs: [String] = [],
    resources: ResourceRequest = ResourceRequest(), second: Int = 1, state: ExecutionState = .running
) -> ExecutionStart {
    ExecutionStart(
        stage: stage, template: String(stage.prefix { $0 != "@" }), attempt: attempt, key: digest(key),
        baseKey: digest(baseKey),
        details: ExecutionDetails(
            command: "make \(stage)", workingDirectory: nil, environment: environment, params: params, inputs: inputs),
        outputs: outputs.map { Output(name: $0, path: $0) }, resources: resources, timeoutSeconds: 60, keep: 1,
        state: state, submittedAt: state == .queued ? time(second) : nil, startedAt: time(second), queuedSeconds: 0.5,
        engine: "local", host: "host",
        logPath: ".runs/logs/1/\(stage).\(attempt).log", token: "0123456789abcdef0123456789abcdef",
        reasons: [Reason(.neverRan)], resumed: false, gpuIDs: [])
}

func success(
    _ id: ExecutionID, outputs: [RecordedPath] = [], metrics: [MetricPoint] = [], wallSeconds: Double = 2,
    inputsChanged: Bool = false
) -> ExecutionFinish {
    ExecutionFinish(
        id: id, state: .succeeded, exit: .code(0), error: nil, finishedAt: time(9),
        usage: Usage(wallSeconds: wallSeconds),
        outputs: outputs, inputsChangedDuringRun: inputsChanged, metrics: metrics)
}

func failure(_ id: ExecutionID, state: ExecutionState = .failed, exit: Exit? = .code(1)) -> ExecutionFinish {
    ExecutionFinish(
        id: id, state: state, exit: exit, error: "exit code 1", finishedAt: time(9), usage: Usage(wallSeconds: 2))
}

extension Store {
    /// Every row of a user's query.
    func rows(
        _ sql: String, _ bindings: [(name: String, value: String)] = [], mayBeUnset: Bool = false
    ) throws -> [[TableValue]] {
        var rows: [[TableValue]] = []
        let limits = QueryLimits(timeoutSeconds: nil)
        try query(sql, bindings: bindings, mayBeUnset: mayBeUnset, limits: limits, onColumns: { _ in }) {
            rows.append($0)
            return true
        }
        return rows
    }
}
