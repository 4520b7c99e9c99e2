-- Every stage that was ever executed or evaluated.
SELECT p.name AS pipeline, s.name AS stage, s.template, s.stage_id
FROM stages s JOIN pipelines p ON p.pipeline_id = s.pipeline_id ORDER BY s.stage_id
