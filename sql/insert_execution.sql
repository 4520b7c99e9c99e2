-- An execution begins: committed before its process is created, or before it is submitted.
INSERT INTO execution_rows (run_id, stage_id, attempt, state, submitted_at, started_at, queued_seconds, cpus, gpus,
  memory_bytes, timeout_seconds, host, engine, key, base_key, command_id, working_directory, log_path, token, resumed,
  gpu_ids, keep, repetition, accepted)
VALUES (:run_id, :stage_id, :attempt, :state, :submitted_at, :started_at, :queued_seconds, :cpus, :gpus,
  :memory_bytes, :timeout_seconds, :host, :engine, :key, :base_key, :command_id, :working_directory, :log_path, :token,
  :resumed, :gpu_ids, :keep, :repetition, :accepted)
