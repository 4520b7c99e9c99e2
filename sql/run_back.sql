-- The Nth run before the newest, among all or those of some pipelines (a JSON array of names).
SELECT run_id FROM run_rows
WHERE :pipelines IS NULL
  OR pipeline_id IN (SELECT p.pipeline_id FROM json_each(:pipelines) chosen JOIN pipelines p ON p.name = chosen.value)
ORDER BY run_id DESC LIMIT 1 OFFSET :back
