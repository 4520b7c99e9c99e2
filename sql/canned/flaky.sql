-- Stages that failed and succeeded with the same key: nothing that determines their result had changed.
SELECT stage, sum(state = 'succeeded') AS successes,
  sum(state IN ('failed', 'timed_out', 'out_of_memory')) AS failures, max(started_at) AS last_started_at, key
FROM executions WHERE accepted = 0 GROUP BY pipeline, stage, key HAVING successes > 0 AND failures > 0
ORDER BY failures DESC, stage LIMIT 20
