-- The rest of a plan cache, for a run that does not find everything fresh.
SELECT p.pipeline_body, s.stages
FROM plan_images p JOIN standings s ON s.pipeline_id = p.pipeline_id
WHERE p.pipeline_id = :pipeline_id
