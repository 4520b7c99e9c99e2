-- Every output path that an execution of the pipeline made, with its stage.
SELECT p.path, s.name
FROM path_owners o
CROSS JOIN execution_rows e ON e.execution_id = o.execution_id
CROSS JOIN stages s ON s.stage_id = e.stage_id
CROSS JOIN paths p ON p.path_id = o.path_id
WHERE s.pipeline_id = :pipeline_id
