-- The execution that owns a path, of whatever stage.
SELECT e.execution_id, e.run_id, s.name, e.state, e.key, e.base_key, e.inputs_changed_during_run, e.rejected,
  e.discovered_set_id
FROM paths p JOIN path_owners o ON o.path_id = p.path_id
JOIN execution_rows e ON e.execution_id = o.execution_id JOIN stages s ON s.stage_id = e.stage_id
WHERE p.path = :path
