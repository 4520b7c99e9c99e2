-- A run of the pipeline begins: how the stages stand is known again when it ends.
DELETE FROM standings WHERE pipeline_id = :pipeline_id
