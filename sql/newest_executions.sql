-- For each stage of a pipeline, its newest execution in any state: one seek a stage.
SELECT s.name AS stage, e.execution_id, e.run_id, s.name, e.state, e.key, e.base_key, e.inputs_changed_during_run,
  e.rejected, e.discovered_set_id
FROM stages s
JOIN execution_rows e ON e.execution_id =
  (SELECT max(x.execution_id) FROM execution_rows x WHERE x.stage_id = s.stage_id)
WHERE s.pipeline_id = :pipeline_id
