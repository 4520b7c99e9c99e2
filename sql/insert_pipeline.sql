-- Once for each pipeline.
INSERT INTO pipelines (name) VALUES (:name)
