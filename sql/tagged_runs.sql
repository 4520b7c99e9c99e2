-- The runs with a tag, newest first: all, those of some pipelines (a JSON array of names), or those that executed any
-- of some stages (a JSON array of stage IDs).
SELECT DISTINCT r.run_id FROM tag_rows t JOIN run_rows r ON r.run_id = t.run_id
WHERE t.tag = :tag AND t.execution_id IS NULL
  AND (:pipelines IS NULL
    OR r.pipeline_id IN (SELECT p.pipeline_id FROM json_each(:pipelines) chosen JOIN pipelines p ON p.name = chosen.value))
  AND (:stage_ids IS NULL
    OR EXISTS (SELECT 1 FROM execution_rows e
               WHERE e.run_id = r.run_id AND e.stage_id IN (SELECT value FROM json_each(:stage_ids))))
ORDER BY r.run_id DESC
