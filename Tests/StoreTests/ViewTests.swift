// The public views: their columns, and the values that views compute.

import Model
import Testing

@testable import Store

struct ViewTests {
    let store: Store
    let run: RunID

    init() throws {
        store = try Store.inMemory()
        run = try store.beginRun(runStart(), liveness: liveness)
    }

    @discardableResult
    private func succeed(
        _ stage: String, params: [Param] = [], reading inputs: [RecordedPath] = [], making outputs: [RecordedPath] = [],
        wallSeconds: Double = 2
    ) throws -> ExecutionID {
        let begun = start(stage, params: params, inputs: inputs, outputs: outputs.map(\.path))
        let id = try store.begin(begun, run: run, pipeline: "p")
        try store.finish(success(id, outputs: outputs, wallSeconds: wallSeconds))
        return id
    }

    /// The documented columns in their order; more columns may stand among them.
    @Test(arguments: [
        (
            "runs",
            """
            run_id pipeline pipeline_path status started_at finished_at wall_seconds command_line engine host user git_commit
            git_dirty stages_total stages_executed stages_fresh stages_failed stages_blocked
            """
        ),
        (
            "executions",
            """
            execution_id run_id pipeline stage template attempt state exit_code signal error started_at finished_at
            queued_seconds wall_seconds user_cpu_seconds system_cpu_seconds max_rss_bytes read_bytes write_bytes
            gpu_peak_bytes gpu_peak_source gpu_mean_utilization gpu_ids cpus gpus memory_bytes timeout_seconds host engine
            engine_job_id key command log_path git_commit
            """
        ),
        ("decisions", "run_id stage verdict reason subject old_value new_value execution_id"),
        ("inputs", "execution_id run_id stage name path digest_kind sha256 size_bytes"),
        ("outputs", "execution_id run_id stage name path digest_kind sha256 size_bytes"),
        ("params", "execution_id run_id stage name value number reported"),
        ("lineage_params", "execution_id from_stage name value number"),
        ("final_metrics", "execution_id run_id stage name last min max steps"),
        ("tags", "run_id execution_id tag note created_at"),
        ("metrics", "execution_id run_id stage name step value value_text recorded_at"),
        ("resources", "execution_id name requested"),
        ("gpu_samples", "execution_id gpu_id seconds memory_bytes utilization"),
        (
            "stage_stats",
            """
            pipeline stage executions failures wall_seconds_p50 wall_seconds_p95 wall_seconds_max max_rss_bytes_p95
            gpu_peak_bytes_p95 first_started_at last_started_at
            """
        ),
    ])
    func columnsAreAsDocumented(view: String, columns: String) throws {
        let promised = columns.split(whereSeparator: \.isWhitespace).map(String.init)
        let found = try store.rows("SELECT name FROM pragma_table_info('\(view)')").map { $0[0] }
        #expect(found.filter { promised.map(TableValue.text).contains($0) } == promised.map(TableValue.text))
    }

    @Test(arguments: ["current", "latest"])
    func someViewsHaveTheColumnsOfExecutions(view: String) throws {
        let columns = "SELECT name FROM pragma_table_info('executions')"
        #expect(try store.rows(columns) == store.rows("SELECT name FROM pragma_table_info('\(view)')"))
    }

    @Test func theLatestNeedNotBeTheCurrentExecution() throws {
        let good = try succeed("a")
        let bad = try store.begin(start("a"), run: run, pipeline: "p")
        try store.finish(failure(bad))
        #expect(try store.rows("SELECT execution_id FROM current") == [[.integer(good.value)]])
        #expect(try store.rows("SELECT execution_id FROM latest") == [[.integer(bad.value)]])
    }

    @Test func lineageFollowsInputsToTheirMakers() throws {
        func lr(_ value: String) -> [Param] { [Param(name: "lr", value: .number(value))] }
        let (clean, model) = (recorded("clean", "clean.csv", 1), recorded("model", "model", 2))
        try succeed("clean", params: lr("9"), making: [recorded("clean", "clean.csv", 99)])  // another content
        try succeed("clean", params: lr("8"), making: [clean])
        try succeed("clean", params: lr("1"), making: [clean])  // the newest that made what is read
        try succeed("train", params: lr("2"), reading: [clean], making: [model])
        let judge = try succeed("judge", params: lr("3"), reading: [model, clean, recorded("raw", "raw", 5)])
        try succeed("clean", params: lr("7"), making: [clean])  // later than the reader
        let ask = "SELECT from_stage, number FROM lineage_params WHERE execution_id = \(judge) ORDER BY number"
        #expect(
            try store.rows(ask) == [
                [.text("clean"), .real(1)], [.text("train"), .real(2)], [.text("judge"), .real(3)],
            ])
        let plan = try store.rows("EXPLAIN QUERY PLAN " + ask).compactMap { row -> String? in
            if case .text(let detail)? = row.last { detail } else { nil }
        }
        #expect(plan.contains { $0.hasPrefix("SEARCH e USING INTEGER PRIMARY KEY") }, "\(plan)")
        #expect(!plan.contains { $0.hasPrefix("SCAN e") || $0.hasPrefix("MATERIALIZE") }, "\(plan)")
    }

    @Test func oneMetricIsFoundWithoutAScan() throws {
        let ask = "SELECT last FROM final_metrics WHERE name = 'loss'"
        let plan = try store.rows("EXPLAIN QUERY PLAN " + ask).compactMap { row -> String? in
            if case .text(let detail)? = row.last { detail } else { nil }
        }
        #expect(plan.contains { $0.hasPrefix("SEARCH m USING INDEX metric_points_by_name (name_id=?") }, "\(plan)")
    }

    @Test func statisticsAreByNearestRankOverSuccesses() throws {
        for seconds in (1...20).reversed() { try succeed("a", wallSeconds: Double(seconds)) }
        let rejected = try succeed("a", wallSeconds: 1000)
        try store.setRejected(rejected, true)
        try store.finish(failure(try store.begin(start("a"), run: run, pipeline: "p")))
        let stopped = try store.begin(start("a"), run: run, pipeline: "p")
        try store.finish(failure(stopped, state: .interrupted))
        _ = try store.begin(start("a"), run: run, pipeline: "p")
        #expect(
            try store.rows(
                "SELECT executions, failures, wall_seconds_p50, wall_seconds_p95, wall_seconds_max FROM stage_stats")
                == [
                    [.integer(22), .integer(1), .real(10), .real(19), .real(20)]
                ])
    }
}
