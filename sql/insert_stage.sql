-- Once for each stage of a pipeline.
INSERT INTO stages (pipeline_id, name, template) VALUES (:pipeline_id, :name, :template)
