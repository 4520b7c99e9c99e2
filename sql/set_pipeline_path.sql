-- A run of the pipeline begins: its file, if it is new or was moved.
UPDATE pipelines SET path = :path WHERE pipeline_id = :pipeline_id AND path IS NOT :path
