-- Whether a plan cache still exists.
SELECT 1 AS found FROM standings WHERE pipeline_id = :pipeline_id
