-- All at once, for the cache of numbers.
SELECT stage_id, name FROM stages WHERE pipeline_id = :pipeline_id
