-- The same for some stages (a JSON array of stage IDs).
SELECT s.name AS stage, e.execution_id, e.run_id, s.name, e.state, e.key, e.base_key, e.inputs_changed_during_run,
  e.rejected, e.discovered_set_id
FROM json_each(:stage_ids) chosen JOIN stages s ON s.stage_id = chosen.value
JOIN execution_rows e ON e.execution_id =
  (SELECT max(x.execution_id) FROM execution_rows x WHERE x.stage_id = s.stage_id)
