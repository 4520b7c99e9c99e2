-- Outputs that differ although the key was the same: something that is not declared decides about them.
SELECT e.pipeline, e.stage, o.path, count(DISTINCT o.digest_kind || o.sha256) AS versions, count(*) AS executions,
  min(e.execution_id) AS first_execution, max(e.execution_id) AS last_execution, e.key
FROM executions e JOIN outputs o ON o.execution_id = e.execution_id
WHERE e.state = 'succeeded' AND e.rejected = 0 AND e.accepted = 0 AND e.inputs_changed_during_run = 0
GROUP BY e.pipeline, e.stage, e.key, o.path HAVING versions > 1
ORDER BY versions DESC, e.stage, o.path
