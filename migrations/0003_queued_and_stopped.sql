-- States `queued` and `stopped`, submission times, runs that another process takes over.
-- SQLite cannot change a CHECK, so the table is copied. Foreign keys are off while this runs (Store.migrate), and the
-- tables that refer to execution_rows refer to the copy afterwards. Its views are dropped first and created again at
-- the end: SQLite checks them when it renames a table. An older program may have this store open: nothing that its
-- statements use is renamed or removed.

-- Raised when another process takes the run over or records it as lost. Its own process checks it in every transaction.
ALTER TABLE run_rows ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;

DROP VIEW stage_stats;
DROP VIEW latest;
DROP VIEW current;
DROP VIEW resources;
DROP VIEW final_metrics;
DROP VIEW metrics;
DROP VIEW lineage_params;
DROP VIEW variables;
DROP VIEW params;
DROP VIEW outputs;
DROP VIEW inputs;
DROP VIEW executions;

CREATE TABLE new_execution_rows (
  execution_id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run_rows,
  stage_id INTEGER NOT NULL REFERENCES stages,
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  state TEXT NOT NULL DEFAULT 'running' CHECK (
    state = 'queued' OR state = 'running' OR state = 'succeeded' OR state = 'failed' OR state = 'timed_out'
    OR state = 'out_of_memory' OR state = 'interrupted' OR state = 'lost' OR state = 'stopped'),
  exit_code INTEGER,
  signal INTEGER,
  error TEXT,
  note TEXT,
  -- NULL: it never started.
  started_at TEXT,
  finished_at TEXT,
  queued_seconds REAL,
  wall_seconds REAL,
  user_cpu_seconds REAL,
  system_cpu_seconds REAL,
  max_rss_bytes INTEGER,
  read_bytes INTEGER,
  write_bytes INTEGER,
  gpu_peak_bytes INTEGER,
  gpu_peak_source TEXT CHECK (
    gpu_peak_source = 'nvml_process' OR gpu_peak_source = 'nvml_device_delta' OR gpu_peak_source = 'nvidia_smi'),
  gpu_mean_utilization REAL,
  gpu_ids TEXT,
  cpus REAL NOT NULL,
  gpus REAL,
  memory_bytes INTEGER,
  timeout_seconds REAL,
  -- How many earlier versions of its outputs the stage asked to have kept.
  keep INTEGER NOT NULL DEFAULT 1 CHECK (keep >= 0),
  host TEXT NOT NULL,
  engine TEXT NOT NULL,
  engine_job_id TEXT,
  key BLOB NOT NULL CHECK (length(key) = 32),
  -- The part of the key that is known before any input is: command, folder, environment, params, output paths.
  base_key BLOB NOT NULL CHECK (length(base_key) = 32),
  command_id INTEGER NOT NULL REFERENCES commands,
  working_directory TEXT,
  log_path TEXT NOT NULL,
  -- 128 random bits that mark this execution's processes, so that leftovers can be found after a crash.
  token TEXT NOT NULL,
  resumed INTEGER NOT NULL DEFAULT 0 CHECK (resumed IN (0, 1)),
  inputs_changed_during_run INTEGER NOT NULL DEFAULT 0 CHECK (inputs_changed_during_run IN (0, 1)),
  rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected IN (0, 1)),
  -- Nothing was executed: the outputs that were there were taken (`runs accept`).
  accepted INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1)),
  -- 1 … N for the executions of one stage by `exec --repeat N`.
  repetition INTEGER CHECK (repetition >= 1),
  -- When it was submitted to an engine that queues; NULL for engines that start at once.
  submitted_at TEXT,
  -- The run that began it, where another run has taken it over since.
  first_run_id INTEGER REFERENCES run_rows,
  -- What Model's ExecutionState.mayBecome allows, and which columns go with each state. A comparison with NULL does not
  -- fail a CHECK, hence IS 0.
  CHECK ((state = 'queued' OR state = 'running') = (finished_at IS NULL)),
  CHECK ((state <> 'queued' AND state <> 'running')
    OR (exit_code IS NULL AND signal IS NULL AND error IS NULL AND wall_seconds IS NULL)),
  CHECK (state <> 'succeeded' OR (exit_code IS 0 AND signal IS NULL AND error IS NULL)),
  CHECK (state = 'queued' OR state = 'running' OR state = 'succeeded' OR error IS NOT NULL),
  -- How a lost execution ended is unknown.
  CHECK (state <> 'lost' OR (exit_code IS NULL AND signal IS NULL)),
  CHECK (state = 'queued' OR state = 'running' OR state = 'lost' OR wall_seconds IS NOT NULL),
  CHECK (exit_code IS NULL OR signal IS NULL),
  CHECK (inputs_changed_during_run = 0 OR state = 'succeeded'),
  CHECK (rejected = 0 OR state = 'succeeded'),
  -- A queued execution has not started; one that runs or succeeded has; any other may have ended in the queue.
  CHECK (state <> 'queued' OR started_at IS NULL),
  CHECK ((state <> 'running' AND state <> 'succeeded') OR started_at IS NOT NULL),
  CHECK (started_at IS NOT NULL OR submitted_at IS NOT NULL),
  CHECK ((started_at IS NULL) = (queued_seconds IS NULL))
) STRICT;

INSERT INTO new_execution_rows (
  execution_id, run_id, stage_id, attempt, state, exit_code, signal, error, note, started_at, finished_at,
  queued_seconds, wall_seconds, user_cpu_seconds, system_cpu_seconds, max_rss_bytes, read_bytes, write_bytes,
  gpu_peak_bytes, gpu_peak_source, gpu_mean_utilization, gpu_ids, cpus, gpus, memory_bytes, timeout_seconds, keep,
  host, engine, engine_job_id, key, base_key, command_id, working_directory, log_path, token, resumed,
  inputs_changed_during_run, rejected, accepted, repetition)
SELECT
  execution_id, run_id, stage_id, attempt, state, exit_code, signal, error, note, started_at, finished_at,
  queued_seconds, wall_seconds, user_cpu_seconds, system_cpu_seconds, max_rss_bytes, read_bytes, write_bytes,
  gpu_peak_bytes, gpu_peak_source, gpu_mean_utilization, gpu_ids, cpus, gpus, memory_bytes, timeout_seconds, keep,
  host, engine, engine_job_id, key, base_key, command_id, working_directory, log_path, token, resumed,
  inputs_changed_during_run, rejected, accepted, repetition
FROM execution_rows ORDER BY execution_id;

DROP TABLE execution_rows;
ALTER TABLE new_execution_rows RENAME TO execution_rows;

CREATE INDEX execution_rows_by_stage ON execution_rows (stage_id, execution_id);
CREATE INDEX execution_rows_succeeded_by_key ON execution_rows (key, execution_id) WHERE state = 'succeeded';
CREATE INDEX execution_rows_succeeded_by_base_key ON execution_rows (base_key, execution_id) WHERE state = 'succeeded';
CREATE INDEX execution_rows_by_run ON execution_rows (run_id, execution_id);
-- Only executions that were taken over are in it.
CREATE INDEX execution_rows_by_first_run ON execution_rows (first_run_id) WHERE first_run_id IS NOT NULL;

CREATE VIEW executions AS
SELECT e.execution_id, e.run_id, p.name AS pipeline, s.name AS stage, s.template, e.attempt, e.state, e.exit_code,
  e.signal, e.error, e.note, e.started_at, e.finished_at, e.queued_seconds, e.wall_seconds, e.user_cpu_seconds,
  e.system_cpu_seconds, e.max_rss_bytes, e.read_bytes, e.write_bytes, e.gpu_peak_bytes, e.gpu_peak_source,
  e.gpu_mean_utilization, e.gpu_ids, e.cpus, e.gpus, e.memory_bytes, e.timeout_seconds, e.host, e.engine,
  e.engine_job_id, CAST(lower(hex(e.key)) AS TEXT) AS key, c.command, e.log_path, r.git_commit, e.resumed,
  e.inputs_changed_during_run, e.rejected, e.accepted, e.repetition, e.submitted_at
FROM execution_rows e
JOIN stages s ON s.stage_id = e.stage_id
JOIN pipelines p ON p.pipeline_id = s.pipeline_id
JOIN commands c ON c.command_id = e.command_id
JOIN run_rows r ON r.run_id = e.run_id;

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

CREATE VIEW current AS
SELECT e.* FROM current_executions c JOIN executions e ON e.execution_id = c.execution_id;

CREATE VIEW latest AS
SELECT e.* FROM stages s
JOIN executions e ON e.execution_id = (SELECT max(x.execution_id) FROM execution_rows x WHERE x.stage_id = s.stage_id);

-- Percentiles by nearest rank over the succeeded executions; counts over all that have ended. Rejected and accepted
-- ones are left out, and of repeats all but the first: the same work done again would drown the ordinary history.
CREATE VIEW stage_stats AS
WITH ended AS (
  SELECT stage_id, state, started_at, wall_seconds, max_rss_bytes, gpu_peak_bytes FROM execution_rows
  WHERE finished_at IS NOT NULL AND rejected = 0 AND accepted = 0 AND (repetition IS NULL OR repetition = 1)
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
