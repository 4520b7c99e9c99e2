-- The rows of some executions (a JSON array of execution IDs).
SELECT e.execution_id, e.run_id, s.name AS stage, e.state, e.rejected, e.started_at, e.wall_seconds,
  e.user_cpu_seconds + e.system_cpu_seconds AS cpu_seconds, e.max_rss_bytes, e.gpu_peak_bytes, e.error, e.note,
  e.log_path, c.command, e.repetition
FROM json_each(:execution_ids) chosen
JOIN execution_rows e ON e.execution_id = chosen.value
JOIN stages s ON s.stage_id = e.stage_id
JOIN commands c ON c.command_id = e.command_id
