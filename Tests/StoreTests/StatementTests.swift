// Every statement of `sql/` against the migrated schema: it compiles, and no statement of a run scans a table.

import CSQLite
import Model
import RunsSQL
import TestSupport
import Testing

@testable import Store

struct StatementTests {
    @Test func everyStatementIsCompiledAgainstTheSchema() throws {
        let store = try Store.inMemory()
        for statement in SQL.all + SQL.canned {
            #expect(throws: Never.self, "\(statement.name)") { try store.connection.statement(statement) }
        }
    }

    @Test func everyStatementHasASummary() {
        for statement in SQL.all + SQL.canned {
            #expect(statement.summary.count > 10 && statement.summary.hasSuffix("."), "\(statement.name)")
        }
    }

    @Test func cannedQueriesPassTheAuthorizer() throws {
        let store = try Store.inMemory()
        #expect(SQL.canned.map(\.name) == SQL.canned.map(\.name).sorted())
        for statement in SQL.canned {
            #expect(try store.rows(statement.text, mayBeUnset: true).isEmpty, "\(statement.name)")
        }
    }

    /// Intended scans: of a table for all stages or files at once, or of a set in one row.
    static let meant: [String: Set<String>] = [
        "applied_migrations": ["migrations"],
        "cached_digests": ["f"],
        "count_tables": ["sqlite_master"],
        "dangling_row_repairs": [
            "t", "f VIRTUAL TABLE INDEX 0:", "columns VIRTUAL TABLE INDEX 0:", "key VIRTUAL TABLE INDEX 0:",
        ],
        // JSON arrays that are arguments.
        "decisions_of_run": ["member VIRTUAL TABLE INDEX 1:"],
        "facts_of_executions": ["chosen VIRTUAL TABLE INDEX 1:"],
        "params_of_executions": ["chosen VIRTUAL TABLE INDEX 1:"],
        "unread_outputs": ["chosen VIRTUAL TABLE INDEX 1:"],
        "metrics_of_executions": ["chosen VIRTUAL TABLE INDEX 1:", "g"],
        // The executions that reported a metric, one seek each.
        "best_executions": ["reporting", "v", "r"],
        "best_executions_of_stages": ["chosen VIRTUAL TABLE INDEX 1:", "v", "r"],
        "repeats_of_executions": ["chosen VIRTUAL TABLE INDEX 1:"],
        "metric_names": ["n USING COVERING INDEX sqlite_autoindex_names_1"],
        // Before a file is read, which takes longer.
        "holds_size": ["artifacts"],
        "lineage_params_of_execution": [
            "CONSTANT ROW", "a", "ancestry", "ancestor VIRTUAL TABLE INDEX 1:", "maker VIRTUAL TABLE INDEX 1:", "made",
        ],
        // From the newest on, as far as it is needed.
        "run_back": ["run_rows", "chosen VIRTUAL TABLE INDEX 1:"],
        "run_back_of_stages": ["r", "json_each VIRTUAL TABLE INDEX 1:"],
        "stage_names": ["s"],
        // Tags that people added.
        "tagged_runs": ["t", "chosen VIRTUAL TABLE INDEX 1:", "json_each VIRTUAL TABLE INDEX 1:"],
        "run_tags": ["tag_rows"],
        "store_salt": ["store"],
        "view_columns": ["v", "c VIRTUAL TABLE INDEX 0:", "c VIRTUAL TABLE INDEX 1:"],
        // JSON arrays that are arguments.
        "decisions_of_stages": ["chosen", "chosen VIRTUAL TABLE INDEX 1:", "member VIRTUAL TABLE INDEX 1:"],
        "history_of_stages": ["chosen", "chosen VIRTUAL TABLE INDEX 1:", "m", "g", "w", "CONSTANT ROW"],
        "latest_logs": ["chosen", "chosen VIRTUAL TABLE INDEX 1:"],
        // Maintenance.
        "digested_paths": ["p USING COVERING INDEX sqlite_autoindex_paths_1"],
        "unused_digests": ["p USING COVERING INDEX sqlite_autoindex_paths_1"],
        "ended_before": ["r"],
        "forgettable_executions": [
            "e", "current_executions", "path_owners", "json_each VIRTUAL TABLE INDEX 1:", "a", "needed",
        ],
        "forgettable_runs": ["r", "json_each VIRTUAL TABLE INDEX 1:"],
        // References to deleted rows; foreign keys are off then.
        "forget_executions": ["path_owners", "current_executions", "decision_rows"],
        "forget_links": ["decision_rows", "json_each VIRTUAL TABLE INDEX 1:"],
        "forget_git_diffs": ["git_diffs", "run_rows"],
        "forget_discovered_inputs": ["discovered_inputs USING COVERING INDEX discovered_inputs_by_artifact"],
        "forget_discovered_sets": ["discovered_sets"],
        // One row for each kernel and driver.
        "find_machine": ["machines"],
        "forget_unexecuted_sets": ["unexecuted_sets", "run_rows", "standings"],
        // One row for each pipeline.
        "forget_standings": ["standings"],
        "lost_executions": ["e"],
        "owned_paths": ["o"],
        "sqlite_version": ["CONSTANT ROW"],
        // What a run is based on: a few sets that were just computed.
        "usage_behind_run": ["member VIRTUAL TABLE INDEX 1:", "t", "c", "past"],
        "metric_behind_run": ["member VIRTUAL TABLE INDEX 1:", "t", "c"],
        // Partial indexes that hold running rows only.
        "running_runs": ["r USING INDEX run_rows_running"],
    ]

    /// JSON arrays that are arguments of statements for some stages, or for maintenance.
    private static func arrays(of statement: Statement) -> Set<String> {
        let prefixes = ["forget_", "unknown_", "ended_runs", "drop_digests", "makers_of_kept", "adopt_executions"]
        if statement.name.hasSuffix("_of_stages") || statement.name.hasSuffix("_of_paths") {
            return ["chosen VIRTUAL TABLE INDEX 1:"]
        }
        guard prefixes.contains(where: statement.name.hasPrefix) else { return [] }
        return ["chosen VIRTUAL TABLE INDEX 1:", "json_each VIRTUAL TABLE INDEX 1:"]
    }

    /// Statements over the whole history.
    private static let overAll: Set<String> = ["all_stage_stats"]

    @Test func noStatementScansATable() throws {
        let store = try Store.inMemory()
        for statement in SQL.all where !Self.overAll.contains(statement.name) {
            let plan = try PreparedStatement(
                "EXPLAIN QUERY PLAN " + statement.text, in: store.connection, isPersistent: false)
            let details = try plan.all { row in row.text(3) }
            let scans = details.filter { $0.hasPrefix("SCAN ") }.map { String($0.dropFirst(5)) }
            let meant = (Self.meant[statement.name] ?? []).union(Self.arrays(of: statement))
            // The rows of a window and of VALUES are not those of a table.
            let unexpected = scans.filter {
                !meant.contains($0) && !$0.hasPrefix("(subquery-") && !$0.hasSuffix(" CONSTANT ROWS")
            }
            #expect(unexpected.isEmpty, "\(statement.name): \(details)")
        }
    }

    /// A temporary table for each row would cost more than the row.
    @Test func writesOfEveryStageNeedNoTemporaryTable() throws {
        let store = try Store.inMemory()
        let statements = [
            SQL.insertExecution, SQL.finishExecution, SQL.insertExecutionInput, SQL.insertExecutionOutput,
            SQL.insertArtifact,
            SQL.insertExecutionParam, SQL.insertDecision, SQL.insertMetric, SQL.setOwner, SQL.setCurrentOfExecution,
            SQL.saveDigest,
        ]
        for statement in statements {
            let program = try PreparedStatement("EXPLAIN " + statement.text, in: store.connection, isPersistent: false)
            let operations = try program.all { row in row.text(1) }
            #expect(operations.contains("OpenWrite") && !operations.contains("OpenEphemeral"), "\(statement.name)")
        }
    }

    @Test func recentQueriesUseTheirIndexes() throws {
        let store = try Store.inMemory()
        let indexes: [(Statement, String)] = [
            (SQL.newestExecutions, "execution_rows_by_stage"),
            (SQL.newestSucceeded, "execution_rows_by_stage"),
            (SQL.recentWallSeconds, "execution_rows_by_stage"),
            (SQL.succeededByKey, "execution_rows_succeeded_by_key"),
            (SQL.succeededByBaseKey, "execution_rows_succeeded_by_base_key"),
            (SQL.openExecutionsOfRun, "execution_rows_by_run"),
        ]
        for (statement, index) in indexes {
            let plan = try PreparedStatement(
                "EXPLAIN QUERY PLAN " + statement.text, in: store.connection, isPersistent: false)
            let details = try plan.all { row in row.text(3) }
            #expect(details.contains { $0.contains("INDEX \(index) ") }, "\(statement.name): \(details)")
            #expect(!details.contains { $0.contains("TEMP B-TREE") }, "\(statement.name): \(details)")
        }
    }
}
