-- The newest runs: how they ended, how long they took and what they did.
SELECT run_id, pipeline, status, started_at, wall_seconds, stages_total, stages_executed, stages_fresh, stages_restored,
  stages_failed, stages_blocked, command_line
FROM runs ORDER BY run_id DESC LIMIT 20
