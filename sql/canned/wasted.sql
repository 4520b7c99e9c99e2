-- Hours that brought nothing new: executions that did not succeed, and reruns that made what was there before.
WITH contents AS (
  SELECT execution_id, group_concat(path || ' ' || digest_kind || ' ' || sha256, ';') AS content
  FROM (SELECT execution_id, path, digest_kind, sha256 FROM outputs ORDER BY execution_id, path) GROUP BY execution_id
), successes AS (
  SELECT e.execution_id, c.content,
    lag(c.content) OVER (PARTITION BY e.pipeline, e.stage ORDER BY e.execution_id) AS before
  FROM executions e JOIN contents c ON c.execution_id = e.execution_id
  WHERE e.state = 'succeeded'
), waste AS (
  SELECT execution_id, 'identical outputs' AS kind FROM successes WHERE content = before
  UNION ALL
  SELECT execution_id, state FROM executions WHERE state NOT IN ('queued', 'running', 'succeeded', 'stopped')
)
SELECT w.kind, e.pipeline, e.stage, count(*) AS executions, sum(e.wall_seconds) / 3600 AS wall_hours,
  sum(e.user_cpu_seconds + e.system_cpu_seconds) / 3600 AS cpu_hours,
  sum(e.wall_seconds * e.gpus) / 3600 AS gpu_hours
FROM waste w JOIN executions e ON e.execution_id = w.execution_id
WHERE e.repetition IS NULL AND e.accepted = 0
GROUP BY w.kind, e.pipeline, e.stage
ORDER BY gpu_hours DESC NULLS LAST, wall_hours DESC, e.stage
