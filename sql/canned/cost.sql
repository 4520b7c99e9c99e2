-- CPU hours used and GPU hours held, by week (from its Monday, UTC) and stage; failures and repeats cost as well.
SELECT date(substr(started_at, 1, 10), 'weekday 0', '-6 days') AS week, pipeline, stage, count(*) AS executions,
  sum(wall_seconds) / 3600 AS wall_hours, sum(user_cpu_seconds + system_cpu_seconds) / 3600 AS cpu_hours,
  sum(wall_seconds * gpus) / 3600 AS gpu_hours
FROM executions WHERE accepted = 0 AND started_at IS NOT NULL
GROUP BY week, pipeline, stage ORDER BY week DESC, cpu_hours DESC NULLS LAST, stage
