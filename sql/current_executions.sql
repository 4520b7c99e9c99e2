-- For each stage of a pipeline, the execution that made its current outputs: one scan for all stages.
SELECT s.name AS stage, e.execution_id, e.run_id, s.name, e.state, e.key, e.base_key, e.inputs_changed_during_run,
  e.rejected, e.discovered_set_id
FROM stages s
JOIN current_executions c ON c.stage_id = s.stage_id
JOIN execution_rows e ON e.execution_id = c.execution_id
WHERE s.pipeline_id = :pipeline_id
