-- The ID of a pipeline.
SELECT pipeline_id FROM pipelines WHERE name = :name
