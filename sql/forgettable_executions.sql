-- Executions of runs that ended before a time and that nothing of today rests on: no stage's outputs come from them,
-- no output path is theirs, none of their outputs is kept (a JSON array of numbers), and none is the newest of its stage.
SELECT e.execution_id
FROM run_rows r JOIN execution_rows e ON e.run_id = r.run_id
WHERE r.status <> 'running' AND r.finished_at < :before AND e.state <> 'running'
  AND e.execution_id NOT IN (SELECT execution_id FROM current_executions)
  AND e.execution_id NOT IN (SELECT execution_id FROM path_owners)
  AND e.execution_id NOT IN (SELECT value FROM json_each(:kept))
  AND EXISTS (SELECT 1 FROM execution_rows n WHERE n.stage_id = e.stage_id AND n.execution_id > e.execution_id)
