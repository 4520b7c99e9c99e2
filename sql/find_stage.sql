-- The ID of a stage.
SELECT stage_id FROM stages WHERE pipeline_id = :pipeline_id AND name = :name
