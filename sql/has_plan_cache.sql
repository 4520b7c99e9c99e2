-- Whether nobody removed it since it was read.
SELECT 1 AS found FROM standings WHERE pipeline_id = :pipeline_id
