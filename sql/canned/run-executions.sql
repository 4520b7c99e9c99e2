-- The executions of the newest run, in the order in which they started.
SELECT execution_id, stage, attempt, state, queued_seconds, wall_seconds, user_cpu_seconds, system_cpu_seconds,
  max_rss_bytes, gpu_peak_bytes, error
FROM executions WHERE run_id = (SELECT max(run_id) FROM runs) ORDER BY execution_id
