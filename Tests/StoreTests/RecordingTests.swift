// What is recorded is what is read: round trips through the store.

import Model
import Testing

@testable import Store

struct RecordingTests {
    let store: Store
    let run: RunID

    init() throws {
        store = try Store.inMemory()
        run = try store.beginRun(runStart(), liveness: liveness)
    }

    private func succeed(
        _ stage: String, key: Int = 1, baseKey: Int = 1, outputs: [RecordedPath] = [], in run: RunID? = nil
    ) throws -> ExecutionID {
        let begun = start(stage, key: key, baseKey: baseKey, outputs: outputs.map(\.path))
        let id = try store.begin(begun, run: run ?? self.run, pipeline: "p")
        try store.finish(success(id, outputs: outputs))
        return id
    }

    @Test func executionIDsAreNotReusedAfterDeletion() throws {
        let ids = try (1...3).map { try succeed("a", key: $0) }
        try store.finishRun(run, status: .succeeded, counts: RunCounts(), finishedAt: time(9), wallSeconds: 8)
        _ = try store.forget(endedBefore: time(100), keeping: [])
        #expect(try store.rows("SELECT execution_id FROM executions") == [[.integer(ids[2].value)]])
        let next = try store.beginRun(runStart(), liveness: liveness)
        #expect(try succeed("b", in: next) > ids[2])
    }

    @Test func internedStringsAreReused() throws {
        var stage = Stage(name: "train@d=1", template: "train", command: .shell("make train@d=1"))
        stage.inputs = [Input(name: "data", path: "raw.csv"), Input(name: "all", path: "raw/*.csv", isGlob: true)]
        stage.outputs = [Output(name: "model", path: "model")]
        let counts =
            "SELECT (SELECT count(*) FROM names) + (SELECT count(*) FROM paths), (SELECT count(*) FROM commands), (SELECT count(*) FROM stages)"
        try store.internStrings(of: [stage, stage], pipeline: "p")
        let numbered = try store.rows(counts)
        #expect(numbered == [[.integer(4), .integer(1), .integer(1)]])
        _ = try store.begin(
            start(stage.name, key: 1, inputs: [recorded("data", "raw.csv", 1)], outputs: ["model"]), run: run,
            pipeline: "p")
        #expect(try store.rows(counts) == numbered)
    }

    @Test func anExecutionIsReadAsItWasRecorded() throws {
        let inputs = [recorded("data", "raw.csv", 1), recorded("data", "raw2.csv", 2)]
        let environment = [EnvironmentVariable(name: "A", value: ""), EnvironmentVariable(name: "B", value: nil)]
        let params = [
            Param(name: "lr", value: .number("0.10")), Param(name: "name", value: .string("it's")),
            Param(name: "on", value: .bool(true)),
        ]
        var begun = start(
            "train@d=1", key: 7, baseKey: 8, params: params, environment: environment, inputs: inputs,
            outputs: ["model"],
            resources: ResourceRequest(
                gpus: Quantity(thousandths: 500), memoryBytes: 1 << 30, counted: ["licence": .one]))
        begun.details = ExecutionDetails(
            command: begun.details.command, workingDirectory: "sub", environment: environment, params: params,
            inputs: inputs)
        begun.gpuIDs = ["GPU-1", "GPU-2"]
        let id = try store.begin(begun, run: run, pipeline: "p")

        let running = try #require(try store.newestExecutions(pipeline: "p")["train@d=1"])
        #expect(running.id == id && running.runID == run && running.state == .running && running.outputs.isEmpty)
        #expect(running.key == digest(7) && running.baseKey == digest(8) && !running.isReusable)
        #expect(try store.newestSucceeded(pipeline: "p", stage: "train@d=1") == nil)
        #expect(try store.owner(ofPath: "model") == id)
        #expect(try store.runningExecutions(of: run).map(\.token) == [begun.token])
        let owner = try #require(try store.stage(of: id))
        #expect(owner.pipeline == "p" && owner.stage == "train@d=1" && owner.state == .running)

        let details = try #require(try store.details(of: id))
        #expect(details.command == "make train@d=1" && details.workingDirectory == "sub")
        #expect(details.environment == environment && details.inputs == inputs)
        #expect(details.params.map(\.value.canonicalText) == ["0.1", "\"it's\"", "true"])
        let numbers = try store.rows("SELECT name, number FROM params ORDER BY name")
        #expect(numbers == [[.text("lr"), .real(0.1)], [.text("name"), .null], [.text("on"), .null]])
        #expect(
            try store.rows("SELECT name, requested FROM resources ORDER BY name") == [
                [.text("cpus"), .real(1)], [.text("gpus"), .real(0.5)], [.text("licence"), .real(1)],
                [.text("memory"), .real(1_073_741_824)],
            ])

        let usage = Usage(
            wallSeconds: 2.5, userCPUSeconds: 1, systemCPUSeconds: 0.25, maxRSSBytes: 5 << 30, readBytes: 6,
            writeBytes: 7)
        let output = recorded("model", "model", 9)
        try store.finish(
            ExecutionFinish(
                id: id, state: .succeeded, exit: .code(0), error: nil, note: "a note", finishedAt: time(4),
                usage: usage,
                outputs: [output]))
        let done = try #require(try store.newestSucceeded(pipeline: "p", stage: "train@d=1"))
        #expect(done.isReusable && done.outputs == [output])
        #expect(try store.runningExecutions(of: run).isEmpty)
        let row = try store.rows(
            """
            SELECT stage, template, attempt, state, exit_code, signal, error, note, started_at, finished_at, queued_seconds,
              wall_seconds, user_cpu_seconds, system_cpu_seconds, max_rss_bytes, read_bytes, write_bytes, gpu_ids, key
            FROM executions
            """)
        #expect(
            row == [
                [
                    .text("train@d=1"), .text("train"), .integer(1), .text("succeeded"), .integer(0), .null, .null,
                    .text("a note"), .text("2026-01-01T00:00:01.000000Z"), .text("2026-01-01T00:00:04.000000Z"),
                    .real(0.5),
                    .real(2.5), .real(1), .real(0.25), .integer(5 << 30), .integer(6), .integer(7),
                    .text("GPU-1,GPU-2"),
                    .text(digest(7).hex),
                ]
            ])
    }

    @Test func aQueuedExecutionStartsLater() throws {
        var begun = start("a", state: .queued)
        begun.engine = "slurm"
        let id = try store.begin(begun, run: run, pipeline: "p")
        let columns =
            "SELECT state, submitted_at, started_at, queued_seconds, host, gpu_ids, engine, engine_job_id FROM executions"
        let submitted = TableValue.text("2026-01-01T00:00:01.000000Z")
        #expect(
            try store.rows(columns) == [
                [.text("queued"), submitted, .null, .null, .text("host"), .null, .text("slurm"), .null]
            ])
        #expect(try store.rows("SELECT executions FROM stage_stats").isEmpty, "it has not ended")
        try store.recordJob("17", of: id)
        try store.markRunning(ExecutionRunning(id: id, startedAt: time(65), host: "n1", gpuIDs: ["GPU-1", "GPU-2"]))
        #expect(
            try store.rows(columns) == [
                [
                    .text("running"), submitted, .text("2026-01-01T00:01:05.000000Z"), .real(64), .text("n1"),
                    .text("GPU-1,GPU-2"), .text("slurm"), .text("17"),
                ]
            ])
        #expect(
            sentence { try store.markRunning(ExecutionRunning(id: id, startedAt: time(66), host: "n2")) }
                .contains("it is running, not queued"))
        try store.finish(success(id))
        #expect(sentence { try store.recordJob("18", of: id) }.contains("no longer running"))
    }

    /// The node's clock may be behind that of the host that submitted it.
    @Test func queuedSecondsAreNeverNegative() throws {
        let id = try store.begin(start("a", second: 30, state: .queued), run: run, pipeline: "p")
        try store.markRunning(ExecutionRunning(id: id, startedAt: time(20), host: "n1", engineJobID: "9"))
        #expect(try store.rows("SELECT queued_seconds, engine_job_id FROM executions") == [[.real(0), .text("9")]])
    }

    @Test func stoppedIsNotAFailure() throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        try store.finish(failure(id, state: .stopped, exit: .signal(15)))
        #expect(try store.rows("SELECT executions, failures FROM stage_stats") == [[.integer(1), .integer(0)]])
        #expect(try store.succeededExecutions(key: digest(1)).isEmpty)
    }

    /// Also for failures, where it is needed most.
    @Test(arguments: GPUPeakSource.allCases) func useOfGPUsIsRecorded(_ source: GPUPeakSource) throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        var finish = failure(id)
        finish.usage.gpuPeakBytes = 5 << 30
        finish.usage.gpuPeakSource = source
        finish.usage.gpuMeanUtilization = 0.25
        finish.gpuSamples = [
            GPUSample(gpuID: "GPU-1", seconds: 0.25, memoryBytes: 5 << 30, utilization: nil),
            GPUSample(gpuID: "GPU-2", seconds: 0.25, memoryBytes: nil, utilization: 0.5),
        ]
        try store.finish(finish)
        #expect(
            try store.rows("SELECT gpu_peak_bytes, gpu_peak_source, gpu_mean_utilization FROM executions") == [
                [.integer(5 << 30), .text(source.rawValue), .real(0.25)]
            ])
        #expect(
            try store.rows("SELECT gpu_id, seconds, memory_bytes, utilization FROM gpu_samples ORDER BY 1") == [
                [.text("GPU-1"), .real(0.25), .integer(5 << 30), .null],
                [.text("GPU-2"), .real(0.25), .null, .real(0.5)],
            ])
    }

    @Test func succeededExecutionsComeNewestFirstAndByKey() throws {
        let first = try succeed("a", key: 1, outputs: [recorded("x", "x", 1)])
        let second = try succeed("a", key: 2, outputs: [recorded("x", "x", 2)])
        let third = try succeed("a", key: 1, outputs: [recorded("x", "x", 3)])
        let failed = try store.begin(start("a"), run: run, pipeline: "p")
        try store.finish(failure(failed))
        #expect(try store.succeededExecutions(key: digest(1)).map(\.id) == [third, first])
        #expect(
            try store.succeededExecutions(key: digest(1)).map(\.outputs) == [
                [recorded("x", "x", 3)], [recorded("x", "x", 1)],
            ])
        #expect(try store.succeededExecutions(baseKey: digest(1)).map(\.id) == [third, second, first])
        #expect(try store.succeededExecutions(key: digest(99)).isEmpty)
        #expect(try store.newestExecutions(pipeline: "p")["a"]?.id == failed)
        #expect(try store.newestSucceeded(pipeline: "p", stage: "a")?.id == third)
        #expect(try store.newestExecutions(pipeline: "p")["a"]?.state == .failed)
        #expect(try store.currentExecutions(pipeline: "p")["a"]?.outputs == [recorded("x", "x", 3)])
        try store.setCurrent(stage: "a", template: "a", pipeline: "p", execution: first)
        #expect(try store.currentExecutions(pipeline: "p")["a"]?.id == first)
        try store.setOwner(ofPaths: ["x"], to: first)
        #expect(try store.owner(ofPath: "x") == first)
    }

    @Test func pipelinesOfOneStoreAreSeparate() throws {
        _ = try succeed("a")
        #expect(try store.currentExecutions(pipeline: "other").isEmpty)
        #expect(try store.newestExecutions(pipeline: "other").isEmpty)
        let other = try store.beginRun(runStart("other"), liveness: liveness)
        let id = try store.begin(start("a"), run: other, pipeline: "other")
        #expect(try store.newestExecutions(pipeline: "other").mapValues(\.id) == ["a": id])
    }

    @Test func anExecutionEndsOnce() throws {
        let id = try succeed("a", outputs: [recorded("x", "x", 1)])
        let again = sentence { try store.finish(failure(id)) }
        #expect(again.contains("execution \(id) is no longer running"))
        #expect(try store.newestExecutions(pipeline: "p")["a"]?.state == .succeeded)
        try store.finishRun(run, status: .succeeded, counts: RunCounts(), finishedAt: time(5), wallSeconds: 5)
        #expect(
            sentence {
                try store.finishRun(run, status: .failed, counts: RunCounts(), finishedAt: time(6), wallSeconds: 6)
            }
            .contains("run \(run) is no longer running"))
    }

    @Test func onlySuccessesAreRejectedReversibly() throws {
        let id = try succeed("a")
        try store.setRejected(id, true)
        #expect(try store.newestSucceeded(pipeline: "p", stage: "a")?.isReusable == false)
        try store.setRejected(id, false)
        #expect(try store.newestSucceeded(pipeline: "p", stage: "a")?.isReusable == true)
        let failed = try store.begin(start("b"), run: run, pipeline: "p")
        try store.finish(failure(failed))
        #expect(sentence { try store.setRejected(failed, true) }.contains("is failed"))
        #expect(sentence { try store.setRejected(ExecutionID(99), true) }.contains("execution 99 does not exist"))
    }

    @Test func nonFiniteNumbersAreKept() throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        let values = [1.5, .nan, .infinity, -.infinity, -0.0, 2.2250738585072014e-308, 1e300]
        let points = values.enumerated().map { step, value in
            MetricPoint(name: "loss", step: Int64(step), value: value, recordedAt: time(step))
        }
        try store.addMetrics(points, to: id)
        try store.finish(
            success(id, metrics: [MetricPoint(name: "score", step: nil, value: .nan, recordedAt: time(9))]))
        let rows = try store.rows("SELECT value, value_text FROM metrics WHERE name = 'loss' ORDER BY step")
        #expect(
            rows == [
                [.real(1.5), .null], [.null, .text("NaN")], [.null, .text("Infinity")], [.null, .text("-Infinity")],
                [.real(0), .null], [.real(2.2250738585072014e-308), .null], [.real(1e300), .null],
            ])
        #expect(
            try store.rows("SELECT name, last, min, max, steps FROM final_metrics ORDER BY name") == [
                [.text("loss"), .real(1e300), .real(0), .real(1e300), .integer(7)],
                [.text("score"), .null, .null, .null, .integer(0)],
            ])
        let stages = try store.stageNames().map(\.number)
        let history = try store.history(ofStages: stages, limit: 5)
        let metrics = try #require(history.columns.firstIndex(of: "metrics"))
        #expect(history.rows.map { $0[metrics] } == [.text(#"{"loss":1.0e+300,"score":"NaN"}"#)])
    }

    @Test func decisionsKeepTheirReasonsInOrder() throws {
        let reasons = [
            Reason(.inputChanged, subject: "z", old: "1", new: "2"),
            Reason(.paramChanged, subject: "lr", old: "0.1", new: "0.2"),
        ]
        let id = try succeed("a")
        func judge(_ decision: Decision) throws {
            try store.record(decision: decision, stage: "a", template: "a", run: run, pipeline: "p")
        }
        try judge(Decision(verdict: .blocked, reasons: reasons + [Reason(.blocked, subject: "b")]))
        try judge(Decision(verdict: .mayRun, reasons: reasons, executionID: id))
        let found = try store.decisions(ofStages: ["a"], in: run)
        #expect(found.map(\.decision) == [Decision(verdict: .run, reasons: reasons, executionID: id)])
    }

    @Test func runsShareSetsOfDecisions() throws {
        let id = try succeed("a")
        let numbers = try store.stageIDs(of: [("new@x=1", "new"), ("a", "a")], pipeline: "p")
        let members = zip(numbers, [nil, id]).map { UnexecutedStage(stage: $0, execution: $1) }
        try store.recordUnexecuted(members, run: run)
        let next = try store.beginRun(runStart(), liveness: liveness)
        try store.recordUnexecuted(members.reversed(), run: next)
        #expect(
            try store.rows("SELECT run_id, stage, verdict, reason, execution_id FROM decisions ORDER BY run_id, stage")
                == [
                    [.integer(1), .text("a"), .text("fresh"), .text("fresh"), .integer(id.value)],
                    [.integer(1), .text("new@x=1"), .text("not_selected"), .text("not_selected"), .null],
                    [.integer(2), .text("a"), .text("fresh"), .text("fresh"), .integer(id.value)],
                    [.integer(2), .text("new@x=1"), .text("not_selected"), .text("not_selected"), .null],
                ])
        #expect(try store.rows("SELECT count(*) FROM unexecuted_sets") == [[.integer(1)]])
        #expect(try store.stageNames().map(\.stage) == ["a", "new@x=1"])
    }

    @Test func digestsAreReplacedByPathAndMode() throws {
        let stamp = FileStamp(
            device: .max, inode: 1 << 63, sizeBytes: 3, modifiedNanoseconds: -1,
            changedNanoseconds: 1_767_225_600_000_000_001)
        func entry(_ content: Int, _ mode: DigestMode, tree: [UInt8]? = nil) -> DigestCacheEntry {
            DigestCacheEntry(
                path: "data", mode: mode, stamp: stamp,
                fingerprint: Fingerprint(kind: .tree, digest: digest(content), sizeBytes: 3), tree: tree)
        }
        try store.saveDigests([entry(1, .content), entry(2, .metadata, tree: [])])
        try store.saveDigests([entry(3, .content, tree: [1, 0, 255])])
        #expect(
            Set(try store.cachedDigests()) == [entry(3, .content, tree: [1, 0, 255]), entry(2, .metadata, tree: [])])
    }

    @Test func mediansAreOfTheNewestSuccesses() throws {
        for (index, seconds) in [100.0, 100, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9].enumerated() {
            let id = try store.begin(start("a", second: index), run: run, pipeline: "p")
            try store.finish(success(id, wallSeconds: seconds))
        }
        let failed = try store.begin(start("b"), run: run, pipeline: "p")
        try store.finish(failure(failed))
        #expect(try store.medianWallSeconds(pipeline: "p") == ["a": 5])
    }

    @Test func tagsBelongToARunOrToAnExecution() throws {
        let tagged = try store.beginRun(runStart(tag: "v1", note: "first"), liveness: liveness)
        let id = try succeed("a", in: tagged)
        try store.addNote("look", to: .execution(id), at: time(3))
        #expect(
            try store.rows("SELECT run_id, execution_id, tag, note FROM tags ORDER BY created_at, tag DESC") == [
                [.integer(tagged.value), .null, .text("v1"), .null],
                [.integer(tagged.value), .null, .null, .text("first")],
                [.integer(tagged.value), .integer(id.value), .null, .text("look")],
            ])
    }

    @Test func aFailedTransactionLeavesNothing() throws {
        _ = sentence {
            try store.inTransaction { () throws(Failure) in
                _ = try store.begin(
                    start("new", inputs: [recorded("i", "in", 1)], outputs: ["out"]), run: run, pipeline: "q")
                throw Failure(.usage, "stop")
            }
        }
        #expect(try store.stageNames().isEmpty)
        #expect(try store.owner(ofPath: "out") == nil)
        let other = try store.beginRun(runStart("q"), liveness: liveness)
        let id = try store.begin(
            start("new", inputs: [recorded("i", "in", 1)], outputs: ["out"]), run: other, pipeline: "q")
        #expect(try store.inputs(of: id) == [recorded("i", "in", 1)])
        #expect(try store.owner(ofPath: "out") == id)
    }
}
