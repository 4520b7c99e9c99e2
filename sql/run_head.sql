-- The row of a run.
SELECT r.pipeline, r.pipeline_path, r.status, r.started_at, r.finished_at, r.wall_seconds, r.command_line, r.engine,
  r.host, r.user, r.git_commit, r.git_dirty, r.stages_total, r.stages_executed, r.stages_fresh, r.stages_restored,
  r.stages_failed, r.stages_blocked, r.git_branch, r.git_diff_bytes, r.kernel, r.cpu_model, r.cpu_count, r.memory_bytes,
  r.gpu_names, r.gpu_driver, r.runs_version, r.sqlite_version
FROM runs r WHERE r.run_id = :run_id
