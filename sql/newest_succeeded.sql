-- The newest succeeded execution of a stage.
SELECT e.execution_id, e.run_id, s.name, e.state, e.key, e.base_key, e.inputs_changed_during_run, e.rejected,
  e.discovered_set_id
FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id
WHERE e.stage_id = :stage_id AND e.state = 'succeeded' ORDER BY e.execution_id DESC LIMIT 1
