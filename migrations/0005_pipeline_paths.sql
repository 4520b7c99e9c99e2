-- The file of each pipeline: two files may give their pipelines the same name. A pipeline of an earlier version gets the
-- file of its newest run.
ALTER TABLE pipelines ADD COLUMN path TEXT;
UPDATE pipelines SET path =
  (SELECT r.pipeline_path FROM run_rows r WHERE r.pipeline_id = pipelines.pipeline_id ORDER BY r.run_id DESC LIMIT 1);
