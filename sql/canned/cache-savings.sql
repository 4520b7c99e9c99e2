-- Hours that were not spent because an earlier result still held (fresh) or was put back (restored), by stage.
SELECT e.pipeline, e.stage, sum(d.verdict = 'fresh') AS times_fresh, sum(d.verdict = 'restored') AS times_restored,
  sum(e.wall_seconds) / 3600 AS wall_hours, sum(e.user_cpu_seconds + e.system_cpu_seconds) / 3600 AS cpu_hours,
  sum(e.wall_seconds * e.gpus) / 3600 AS gpu_hours
FROM decisions d JOIN executions e ON e.execution_id = d.execution_id
WHERE d.verdict IN ('fresh', 'restored') AND e.accepted = 0
GROUP BY e.pipeline, e.stage ORDER BY wall_hours DESC, e.stage
