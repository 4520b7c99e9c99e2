-- Replaces the expanded pipeline of another request.
INSERT INTO plan_images (pipeline_id, request, pipeline_index, pipeline_body)
VALUES (:pipeline_id, :request, :pipeline_index, :pipeline_body)
ON CONFLICT (pipeline_id) DO UPDATE SET request = excluded.request, pipeline_index = excluded.pipeline_index,
  pipeline_body = excluded.pipeline_body
