-- The tables of the store. They are private: programs and people read the views of 0002_views.sql.
-- Texts that repeat (names, paths, commands) are kept once and referred to by number, so that a million executions
-- with ten inputs each cost a few integers a row. Times are ISO 8601 UTC text with microseconds, sizes bytes,
-- durations seconds, digests 32-byte blobs.
-- Where a column of a table that every stage writes to has one of three values or more, its CHECK says so by OR: for IN
-- SQLite makes, at each row, a temporary table of the values, which costs more than the row.

-- One row. The salt goes into the digests that stand for secret values.
CREATE TABLE store (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  identity TEXT NOT NULL,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE pipelines (pipeline_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE stages (
  stage_id INTEGER PRIMARY KEY,
  pipeline_id INTEGER NOT NULL REFERENCES pipelines,
  name TEXT NOT NULL,
  template TEXT NOT NULL,
  UNIQUE (pipeline_id, name)
) STRICT;

-- Names of inputs, outputs, params, variables, metrics and resources.
CREATE TABLE names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE paths (path_id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE commands (command_id INTEGER PRIMARY KEY, command TEXT NOT NULL UNIQUE) STRICT;

-- Verdicts of a run on stages that it did not execute, where there is nothing more to say: a JSON array of pairs
-- [[stage_id, execution_id], …]. With the execution whose outputs were taken the stage is fresh, with null it was not
-- selected. 100,000 verdicts are one row, shared by all runs that found the same.
CREATE TABLE unexecuted_sets (
  unexecuted_set_id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  members TEXT NOT NULL
) STRICT;

-- Machines that runs were coordinated on, as far as was asked for: a kernel that changed is another one.
CREATE TABLE machines (
  machine_id INTEGER PRIMARY KEY,
  kernel TEXT NOT NULL,
  cpu_model TEXT,
  cpu_count INTEGER NOT NULL,
  memory_bytes INTEGER NOT NULL,
  gpu_names TEXT,
  gpu_driver TEXT
) STRICT;

-- What tracked files held that the commit did not, as gzip files: shared by runs that found the same.
CREATE TABLE git_diffs (
  git_diff_id INTEGER PRIMARY KEY,
  gzip BLOB NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  is_cut INTEGER NOT NULL CHECK (is_cut IN (0, 1))
) STRICT;

CREATE TABLE run_rows (
  run_id INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline_id INTEGER NOT NULL REFERENCES pipelines,
  pipeline_path TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'running'
    CHECK (status IN ('running', 'succeeded', 'failed', 'interrupted', 'lost')),
  started_at TEXT NOT NULL,
  finished_at TEXT,
  wall_seconds REAL,
  command_line TEXT NOT NULL,
  engine TEXT NOT NULL,
  host TEXT NOT NULL,
  user_name TEXT NOT NULL,
  git_commit TEXT,
  git_branch TEXT,
  git_dirty INTEGER CHECK (git_dirty IN (0, 1)),
  git_diff_id INTEGER REFERENCES git_diffs,
  machine_id INTEGER NOT NULL REFERENCES machines,
  runs_version TEXT NOT NULL,
  sqlite_version TEXT NOT NULL,
  -- Where the program of this run lives: on the same boot and pid namespace, an unlocked .runs/live/RUN means it is gone.
  boot_id TEXT NOT NULL,
  pid_namespace TEXT NOT NULL,
  pid INTEGER NOT NULL,
  -- Device and inode of .runs: others in a copied store, which must not take the original's runs for its own.
  folder_id TEXT NOT NULL,
  stages_total INTEGER NOT NULL,
  stages_executed INTEGER NOT NULL DEFAULT 0,
  stages_fresh INTEGER NOT NULL DEFAULT 0,
  stages_restored INTEGER NOT NULL DEFAULT 0,
  stages_failed INTEGER NOT NULL DEFAULT 0,
  stages_blocked INTEGER NOT NULL DEFAULT 0,
  unexecuted_set_id INTEGER REFERENCES unexecuted_sets,
  CHECK ((status = 'running') = (finished_at IS NULL))
) STRICT;
CREATE INDEX run_rows_running ON run_rows (run_id) WHERE status = 'running';

-- Execution numbers are never used twice, for logs and kept outputs bear them: the newest execution of a stage is never
-- forgotten (forgettable_executions.sql), so the next number is always higher than all before. AUTOINCREMENT would write
-- a page of its own for each.
CREATE TABLE execution_rows (
  execution_id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run_rows,
  stage_id INTEGER NOT NULL REFERENCES stages,
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  state TEXT NOT NULL DEFAULT 'running' CHECK (
    state = 'running' OR state = 'succeeded' OR state = 'failed' OR state = 'timed_out' OR state = 'out_of_memory'
    OR state = 'interrupted' OR state = 'lost'),
  exit_code INTEGER,
  signal INTEGER,
  error TEXT,
  note TEXT,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  queued_seconds REAL NOT NULL,
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
  -- The one transition there is, from running to a final state, says all of this at once.
  -- A comparison with NULL is no refusal, hence IS 0.
  CHECK ((state = 'running') = (finished_at IS NULL)),
  CHECK (state <> 'running' OR (exit_code IS NULL AND signal IS NULL AND error IS NULL AND wall_seconds IS NULL)),
  CHECK (state <> 'succeeded' OR (exit_code IS 0 AND signal IS NULL AND error IS NULL)),
  CHECK (state IN ('running', 'succeeded') OR error IS NOT NULL),
  -- Nobody saw how a lost execution ended.
  CHECK (state <> 'lost' OR (exit_code IS NULL AND signal IS NULL)),
  CHECK (state IN ('running', 'lost') OR wall_seconds IS NOT NULL),
  CHECK (exit_code IS NULL OR signal IS NULL),
  CHECK (inputs_changed_during_run = 0 OR state = 'succeeded'),
  CHECK (rejected = 0 OR state = 'succeeded')
) STRICT;
-- Every index is a page more to write for each short stage. Executions that succeeded, or run, are looked for among those
-- of their stage or run, newest first.
CREATE INDEX execution_rows_by_stage ON execution_rows (stage_id, execution_id);
CREATE INDEX execution_rows_succeeded_by_key ON execution_rows (key, execution_id) WHERE state = 'succeeded';
CREATE INDEX execution_rows_succeeded_by_base_key ON execution_rows (base_key, execution_id) WHERE state = 'succeeded';
CREATE INDEX execution_rows_by_run ON execution_rows (run_id, execution_id);

-- What was found at a path: shared by every execution that read or made it.
CREATE TABLE artifacts (
  artifact_id INTEGER PRIMARY KEY,
  path_id INTEGER NOT NULL REFERENCES paths,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  digest_kind TEXT NOT NULL CHECK (digest_kind = 'content' OR digest_kind = 'tree' OR digest_kind = 'metadata'),
  size_bytes INTEGER NOT NULL,
  UNIQUE (path_id, sha256, digest_kind)
) STRICT;
CREATE INDEX artifacts_by_digest ON artifacts (sha256);

CREATE TABLE execution_inputs (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  name_id INTEGER NOT NULL REFERENCES names,
  artifact_id INTEGER NOT NULL REFERENCES artifacts,
  PRIMARY KEY (execution_id, name_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_inputs_by_artifact ON execution_inputs (artifact_id, execution_id);

CREATE TABLE execution_outputs (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  name_id INTEGER NOT NULL REFERENCES names,
  artifact_id INTEGER NOT NULL REFERENCES artifacts,
  PRIMARY KEY (execution_id, name_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_outputs_by_artifact ON execution_outputs (artifact_id, execution_id);

-- Which execution made what an input lies in or holds, where their paths differ: a file in a folder that another stage
-- made, or a folder of files that others made. Where they are equal, path and digest tell it.
CREATE TABLE input_makers (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  artifact_id INTEGER NOT NULL REFERENCES artifacts,
  maker_id INTEGER NOT NULL REFERENCES execution_rows,
  PRIMARY KEY (execution_id, artifact_id, maker_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX input_makers_by_maker ON input_makers (maker_id, execution_id);

-- value is JSON text; number is set where it is a number. Those that the stage told of itself while it ran are not part
-- of its key.
CREATE TABLE execution_params (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  name_id INTEGER NOT NULL REFERENCES names,
  value TEXT NOT NULL,
  number REAL,
  reported INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1)),
  PRIMARY KEY (execution_id, name_id)
) STRICT, WITHOUT ROWID;

-- env and pass_env of the key. NULL: passed, but unset in the caller's environment. Secrets stand as salted digests.
CREATE TABLE execution_environment (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  name_id INTEGER NOT NULL REFERENCES names,
  value TEXT,
  PRIMARY KEY (execution_id, name_id)
) STRICT, WITHOUT ROWID;

-- Counted resources beside cpus, gpus and memory.
CREATE TABLE execution_resources (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  name_id INTEGER NOT NULL REFERENCES names,
  requested REAL NOT NULL,
  PRIMARY KEY (execution_id, name_id)
) STRICT, WITHOUT ROWID;

-- step is NULL for the final values of a metrics file. value is NULL and value_text set for NaN and the infinities.
CREATE TABLE metric_points (
  metric_point_id INTEGER PRIMARY KEY,
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  name_id INTEGER NOT NULL REFERENCES names,
  step INTEGER,
  value REAL,
  value_text TEXT CHECK (value_text = 'NaN' OR value_text = 'Infinity' OR value_text = '-Infinity'),
  recorded_at TEXT NOT NULL,
  CHECK ((value IS NULL) = (value_text IS NOT NULL))
) STRICT;
CREATE INDEX metric_points_by_execution ON metric_points (execution_id, name_id);
CREATE INDEX metric_points_by_name ON metric_points (name_id, execution_id);

CREATE TABLE gpu_sample_rows (
  execution_id INTEGER NOT NULL REFERENCES execution_rows,
  gpu_id TEXT NOT NULL,
  seconds REAL NOT NULL,
  memory_bytes INTEGER,
  utilization REAL,
  PRIMARY KEY (execution_id, gpu_id, seconds)
) STRICT, WITHOUT ROWID;

-- Every reason of every verdict except those that unexecuted_sets holds.
CREATE TABLE decision_rows (
  run_id INTEGER NOT NULL REFERENCES run_rows,
  stage_id INTEGER NOT NULL REFERENCES stages,
  ordinal INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict = 'run' OR verdict = 'restored' OR verdict = 'frozen' OR verdict = 'blocked'),
  reason TEXT NOT NULL,
  subject TEXT,
  old_value TEXT,
  new_value TEXT,
  execution_id INTEGER REFERENCES execution_rows,
  PRIMARY KEY (run_id, stage_id, ordinal)
) STRICT, WITHOUT ROWID;

-- The execution that a stage's outputs of today come from.
CREATE TABLE current_executions (
  stage_id INTEGER PRIMARY KEY REFERENCES stages,
  execution_id INTEGER NOT NULL REFERENCES execution_rows
) STRICT;

-- The newest execution that made, was about to make, or was put back at an output path.
CREATE TABLE path_owners (
  path_id INTEGER PRIMARY KEY REFERENCES paths,
  execution_id INTEGER NOT NULL REFERENCES execution_rows
) STRICT;

-- Digests that need not be taken again while the stat of the file stays the same. tree: what a directory holds, in
-- the encoding of Workspace.
CREATE TABLE file_digests (
  path_id INTEGER NOT NULL REFERENCES paths,
  mode TEXT NOT NULL CHECK (mode IN ('content', 'metadata')),
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  modified_nanoseconds INTEGER NOT NULL,
  changed_nanoseconds INTEGER NOT NULL,
  digest_kind TEXT NOT NULL CHECK (digest_kind = 'content' OR digest_kind = 'tree' OR digest_kind = 'metadata'),
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  digested_bytes INTEGER NOT NULL,
  tree BLOB,
  PRIMARY KEY (path_id, mode)
) STRICT, WITHOUT ROWID;

-- What the expansion of a pipeline made, for the request (pipeline file, settings, stages named) of its last run that left
-- everything fresh: so that a later run need not expand it again. In encodings of PlanMemory.
CREATE TABLE plan_images (
  pipeline_id INTEGER PRIMARY KEY REFERENCES pipelines,
  request BLOB NOT NULL UNIQUE CHECK (length(request) = 32),
  pipeline_index BLOB NOT NULL,
  pipeline_body BLOB NOT NULL
) STRICT;

-- How the stages stood at the end of that run, so that a later one looks only at what changed since. Gone as soon as
-- anything may have changed that no stamp of a file tells: each run of the pipeline and each judgement of results removes it.
CREATE TABLE standings (
  pipeline_id INTEGER PRIMARY KEY REFERENCES pipelines,
  -- The verdicts of a run that finds all fresh; NULL until one did.
  unexecuted_set_id INTEGER REFERENCES unexecuted_sets,
  stages_fresh INTEGER NOT NULL,
  -- Stages that are judged anew in any case.
  stages_judged INTEGER NOT NULL,
  stamps BLOB NOT NULL,
  stages BLOB NOT NULL
) STRICT;

-- Labels and remarks on a run or on one execution of it: a row holds one of them.
CREATE TABLE tag_rows (
  tag_id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run_rows,
  execution_id INTEGER REFERENCES execution_rows,
  tag TEXT,
  note TEXT,
  created_at TEXT NOT NULL,
  CHECK ((tag IS NULL) <> (note IS NULL))
) STRICT;
CREATE INDEX tag_rows_by_run ON tag_rows (run_id);
CREATE INDEX tag_rows_by_execution ON tag_rows (execution_id);
