-- Executions that can be deleted: their run ended before a time and has no tag, no current output, output path or kept
-- version (a JSON array of execution IDs) comes from them or descends from them, and they are not the newest of their
-- stage.
WITH RECURSIVE needed (execution_id) AS (
  SELECT execution_id FROM current_executions
  UNION SELECT execution_id FROM path_owners
  UNION SELECT value FROM json_each(:kept)
  UNION
  SELECT (SELECT max(o.execution_id) FROM execution_outputs o
          WHERE o.artifact_id = i.artifact_id AND o.execution_id < i.execution_id) AS maker
  FROM needed a JOIN execution_inputs i ON i.execution_id = a.execution_id WHERE maker IS NOT NULL
  UNION
  SELECT (SELECT max(o.execution_id) FROM execution_outputs o
          WHERE o.artifact_id = d.artifact_id AND o.execution_id < e.execution_id) AS maker
  FROM needed a JOIN execution_rows e ON e.execution_id = a.execution_id
  JOIN discovered_inputs d ON d.discovered_set_id = e.discovered_set_id WHERE maker IS NOT NULL
  UNION
  SELECT l.maker_id FROM needed a JOIN input_makers l ON l.execution_id = a.execution_id
)
SELECT e.execution_id
FROM run_rows r JOIN execution_rows e ON e.run_id = r.run_id
WHERE r.status <> 'running' AND r.finished_at < :before AND e.finished_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM tag_rows t WHERE t.run_id = r.run_id AND t.tag IS NOT NULL)
  AND e.execution_id NOT IN (SELECT execution_id FROM needed)
  AND EXISTS (SELECT 1 FROM execution_rows n WHERE n.stage_id = e.stage_id AND n.execution_id > e.execution_id)
