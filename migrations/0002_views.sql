-- The public face of the store: plain names, documented columns (docs/store.md), units in the names.
-- Columns of tables stand bare, so that their indexes serve; expressions are cast to BIGINT, DOUBLE or TEXT and no date
-- function is used, so that DuckDB reads every view with the same types. It does not ask SQLite for the rows of a view
-- but reads the view's text as its own SQL: so no quotient of integers, every join has its ON, every selected column of
-- a grouping is grouped by or aggregated, and JSON null is told by a cast.

CREATE VIEW runs AS
SELECT r.run_id, p.name AS pipeline, r.pipeline_path, r.status, r.started_at, r.finished_at, r.wall_seconds,
  r.command_line, r.engine, r.host, r.user_name AS user, r.git_commit, r.git_dirty, r.stages_total, r.stages_executed,
  r.stages_fresh, r.stages_restored, r.stages_failed, r.stages_blocked, r.git_branch,
  d.size_bytes AS git_diff_bytes, m.kernel, m.cpu_model, m.cpu_count, m.memory_bytes, m.gpu_names, m.gpu_driver,
  r.runs_version, r.sqlite_version
FROM run_rows r
JOIN pipelines p ON p.pipeline_id = r.pipeline_id
JOIN machines m ON m.machine_id = r.machine_id
LEFT JOIN git_diffs d ON d.git_diff_id = r.git_diff_id;

CREATE VIEW executions AS
SELECT e.execution_id, e.run_id, p.name AS pipeline, s.name AS stage, s.template, e.attempt, e.state, e.exit_code,
  e.signal, e.error, e.note, e.started_at, e.finished_at, e.queued_seconds, e.wall_seconds, e.user_cpu_seconds,
  e.system_cpu_seconds, e.max_rss_bytes, e.read_bytes, e.write_bytes, e.gpu_peak_bytes, e.gpu_peak_source,
  e.gpu_mean_utilization, e.gpu_ids, e.cpus, e.gpus, e.memory_bytes, e.timeout_seconds, e.host, e.engine,
  e.engine_job_id, CAST(lower(hex(e.key)) AS TEXT) AS key, c.command, e.log_path, r.git_commit, e.resumed,
  e.inputs_changed_during_run, e.rejected, e.accepted, e.repetition
FROM execution_rows e
JOIN stages s ON s.stage_id = e.stage_id
JOIN pipelines p ON p.pipeline_id = s.pipeline_id
JOIN commands c ON c.command_id = e.command_id
JOIN run_rows r ON r.run_id = e.run_id;

CREATE VIEW decisions AS
SELECT d.run_id, s.name AS stage, d.verdict, d.reason, d.subject, d.old_value, d.new_value, d.execution_id
FROM decision_rows d JOIN stages s ON s.stage_id = d.stage_id
UNION ALL
SELECT r.run_id, s.name,
  CAST(CASE WHEN CAST(json_extract(member.value, '$[1]') AS BIGINT) > 0 THEN 'fresh' ELSE 'not_selected' END AS TEXT),
  CAST(CASE WHEN CAST(json_extract(member.value, '$[1]') AS BIGINT) > 0 THEN 'fresh' ELSE 'not_selected' END AS TEXT),
  CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(json_extract(member.value, '$[1]') AS BIGINT)
FROM run_rows r
JOIN unexecuted_sets u ON u.unexecuted_set_id = r.unexecuted_set_id
JOIN json_each(u.members) member ON true
JOIN stages s ON s.stage_id = CAST(json_extract(member.value, '$[0]') AS BIGINT);

CREATE VIEW inputs AS
SELECT i.execution_id, e.run_id, s.name AS stage, n.name, p.path, a.digest_kind,
  CAST(lower(hex(a.sha256)) AS TEXT) AS sha256, a.size_bytes
FROM execution_inputs i
JOIN execution_rows e ON e.execution_id = i.execution_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN names n ON n.name_id = i.name_id
JOIN artifacts a ON a.artifact_id = i.artifact_id
JOIN paths p ON p.path_id = a.path_id;

CREATE VIEW outputs AS
SELECT o.execution_id, e.run_id, s.name AS stage, n.name, p.path, a.digest_kind,
  CAST(lower(hex(a.sha256)) AS TEXT) AS sha256, a.size_bytes
FROM execution_outputs o
JOIN execution_rows e ON e.execution_id = o.execution_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN names n ON n.name_id = o.name_id
JOIN artifacts a ON a.artifact_id = o.artifact_id
JOIN paths p ON p.path_id = a.path_id;

CREATE VIEW params AS
SELECT x.execution_id, e.run_id, s.name AS stage, n.name, x.value, x.number, x.reported
FROM execution_params x
JOIN execution_rows e ON e.execution_id = x.execution_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN names n ON n.name_id = x.name_id;

CREATE VIEW variables AS
SELECT x.execution_id, e.run_id, s.name AS stage, n.name, x.value
FROM execution_environment x
JOIN execution_rows e ON e.execution_id = x.execution_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN names n ON n.name_id = x.name_id;

-- An execution's own params and those of everything upstream. An input was made by the newest earlier execution that
-- recorded the same artifact (path and digest) as its output, or by those that made what it lies in or holds. The
-- ancestry is walked within the row of each execution, so that asking for one walks one: a recursive table beside it
-- would first be made for the whole history. One recursive term only: other tools put parentheses around two.
CREATE VIEW lineage_params AS
SELECT e.execution_id, s.name AS from_stage, n.name, x.value, x.number
FROM execution_rows e
JOIN json_each((
  WITH RECURSIVE ancestry (ancestor_id) AS (
    SELECT e.execution_id
    UNION
    SELECT maker.value FROM ancestry a JOIN json_each((
      SELECT json_group_array(made.maker_id) FROM (
        SELECT (SELECT max(o.execution_id) FROM execution_outputs o
                WHERE o.artifact_id = i.artifact_id AND o.execution_id < i.execution_id) AS maker_id
        FROM execution_inputs i WHERE i.execution_id = a.ancestor_id
        UNION ALL
        SELECT l.maker_id FROM input_makers l WHERE l.execution_id = a.ancestor_id
      ) made WHERE made.maker_id IS NOT NULL)) maker ON true
  ) SELECT json_group_array(ancestor_id) FROM ancestry)) ancestor ON true
JOIN execution_rows f ON f.execution_id = ancestor.value
JOIN stages s ON s.stage_id = f.stage_id
JOIN execution_params x ON x.execution_id = f.execution_id
JOIN names n ON n.name_id = x.name_id;

CREATE VIEW metrics AS
SELECT m.execution_id, e.run_id, s.name AS stage, n.name, m.step, m.value, m.value_text, m.recorded_at
FROM metric_points m
JOIN execution_rows e ON e.execution_id = m.execution_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN names n ON n.name_id = m.name_id;

-- Grouped by the name itself, so that a query for one metric looks at its points alone.
CREATE VIEW final_metrics AS
SELECT g.execution_id, e.run_id, s.name AS stage, g.name, l.value AS last, CAST(g.min AS DOUBLE) AS min,
  CAST(g.max AS DOUBLE) AS max, CAST(g.steps AS BIGINT) AS steps
FROM (SELECT m.execution_id, n.name, max(m.metric_point_id) AS newest, min(m.value) AS min, max(m.value) AS max,
        count(m.step) AS steps
      FROM metric_points m JOIN names n ON n.name_id = m.name_id GROUP BY m.execution_id, n.name) g
JOIN metric_points l ON l.metric_point_id = g.newest
JOIN execution_rows e ON e.execution_id = g.execution_id
JOIN stages s ON s.stage_id = e.stage_id;

CREATE VIEW resources AS
SELECT e.execution_id, CAST('cpus' AS TEXT) AS name, CAST(e.cpus AS DOUBLE) AS requested FROM execution_rows e
UNION ALL
SELECT e.execution_id, CAST('gpus' AS TEXT), CAST(e.gpus AS DOUBLE) FROM execution_rows e WHERE e.gpus IS NOT NULL
UNION ALL
SELECT e.execution_id, CAST('memory' AS TEXT), CAST(e.memory_bytes AS DOUBLE) FROM execution_rows e
WHERE e.memory_bytes IS NOT NULL
UNION ALL
SELECT x.execution_id, n.name, CAST(x.requested AS DOUBLE)
FROM execution_resources x JOIN names n ON n.name_id = x.name_id;

CREATE VIEW gpu_samples AS
SELECT execution_id, gpu_id, seconds, memory_bytes, utilization FROM gpu_sample_rows;

CREATE VIEW current AS
SELECT e.* FROM current_executions c JOIN executions e ON e.execution_id = c.execution_id;

CREATE VIEW latest AS
SELECT e.* FROM stages s
JOIN executions e ON e.execution_id = (SELECT max(x.execution_id) FROM execution_rows x WHERE x.stage_id = s.stage_id);

CREATE VIEW tags AS
SELECT run_id, execution_id, tag, note, created_at FROM tag_rows;

-- Percentiles by nearest rank over the succeeded executions; counts over all that have ended. Rejected and accepted
-- ones are left out, and of repeats all but the first: the same work done again would drown the ordinary history.
CREATE VIEW stage_stats AS
WITH ended AS (
  SELECT stage_id, state, started_at, wall_seconds, max_rss_bytes, gpu_peak_bytes FROM execution_rows
  WHERE state <> 'running' AND rejected = 0 AND accepted = 0 AND (repetition IS NULL OR repetition = 1)
), ranked AS (
  SELECT stage_id, wall_seconds, max_rss_bytes, gpu_peak_bytes,
    count(wall_seconds) OVER (PARTITION BY stage_id) AS wall_count,
    count(max_rss_bytes) OVER (PARTITION BY stage_id) AS rss_count,
    count(gpu_peak_bytes) OVER (PARTITION BY stage_id) AS gpu_count,
    row_number() OVER (PARTITION BY stage_id ORDER BY wall_seconds NULLS LAST) AS wall_rank,
    row_number() OVER (PARTITION BY stage_id ORDER BY max_rss_bytes NULLS LAST) AS rss_rank,
    row_number() OVER (PARTITION BY stage_id ORDER BY gpu_peak_bytes NULLS LAST) AS gpu_rank
  FROM ended WHERE state = 'succeeded'
), percentiles AS (
  SELECT stage_id,
    min(CASE WHEN wall_rank * 2 >= wall_count THEN wall_seconds END) AS wall_p50,
    min(CASE WHEN wall_rank * 100 >= wall_count * 95 THEN wall_seconds END) AS wall_p95,
    max(wall_seconds) AS wall_max,
    min(CASE WHEN rss_rank * 100 >= rss_count * 95 THEN max_rss_bytes END) AS rss_p95,
    min(CASE WHEN gpu_rank * 100 >= gpu_count * 95 THEN gpu_peak_bytes END) AS gpu_p95
  FROM ranked GROUP BY stage_id
), totals AS (
  SELECT stage_id, count(*) AS executions, sum(state IN ('failed', 'timed_out', 'out_of_memory')) AS failures,
    min(started_at) AS first_started_at, max(started_at) AS last_started_at
  FROM ended GROUP BY stage_id
)
SELECT p.name AS pipeline, s.name AS stage, CAST(t.executions AS BIGINT) AS executions,
  CAST(t.failures AS BIGINT) AS failures, CAST(q.wall_p50 AS DOUBLE) AS wall_seconds_p50,
  CAST(q.wall_p95 AS DOUBLE) AS wall_seconds_p95, CAST(q.wall_max AS DOUBLE) AS wall_seconds_max,
  CAST(q.rss_p95 AS BIGINT) AS max_rss_bytes_p95, CAST(q.gpu_p95 AS BIGINT) AS gpu_peak_bytes_p95,
  CAST(t.first_started_at AS TEXT) AS first_started_at, CAST(t.last_started_at AS TEXT) AS last_started_at
FROM totals t
JOIN stages s ON s.stage_id = t.stage_id
JOIN pipelines p ON p.pipeline_id = s.pipeline_id
LEFT JOIN percentiles q ON q.stage_id = t.stage_id;
