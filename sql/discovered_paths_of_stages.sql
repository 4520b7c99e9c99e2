-- The paths that the current and the newest executions of some stages (a JSON array of stage IDs) read without naming
-- them.
SELECT DISTINCT p.path
FROM json_each(:stage_ids) chosen
JOIN execution_rows e ON e.execution_id IN (
  (SELECT c.execution_id FROM current_executions c WHERE c.stage_id = chosen.value),
  (SELECT max(x.execution_id) FROM execution_rows x WHERE x.stage_id = chosen.value))
JOIN discovered_inputs d ON d.discovered_set_id = e.discovered_set_id
JOIN artifacts a ON a.artifact_id = d.artifact_id
JOIN paths p ON p.path_id = a.path_id
