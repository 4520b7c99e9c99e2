-- For each stage of a pipeline, the durations of its newest succeeded executions: a bounded number of seeks a stage.
SELECT s.name, e.wall_seconds
FROM stages s JOIN execution_rows e ON e.execution_id IN
  (SELECT x.execution_id FROM execution_rows x
   WHERE x.stage_id = s.stage_id AND x.state = 'succeeded' AND x.accepted = 0
   ORDER BY x.execution_id DESC LIMIT 9)
WHERE s.pipeline_id = :pipeline_id
