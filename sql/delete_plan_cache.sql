-- A run of the pipeline begins: its plan cache is written again when it ends.
DELETE FROM standings WHERE pipeline_id = :pipeline_id
