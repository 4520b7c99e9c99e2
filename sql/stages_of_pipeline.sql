-- All stages of a pipeline, for the cache of IDs.
SELECT stage_id, name FROM stages WHERE pipeline_id = :pipeline_id
