-- Pipeline, stage, state and run of an execution.
SELECT p.name, s.name, e.state, e.run_id
FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id JOIN pipelines p ON p.pipeline_id = s.pipeline_id
WHERE e.execution_id = :execution_id
