-- What is recorded of a run itself.
SELECT r.pipeline, r.pipeline_path, r.status, r.started_at, r.finished_at, r.wall_seconds, r.command_line, r.engine, r.host,
  r.user, r.git_commit, r.git_dirty, r.stages_total, r.stages_executed, r.stages_fresh, r.stages_restored,
  r.stages_failed, r.stages_blocked
FROM runs r WHERE r.run_id = :run_id
