-- The Nth run before the newest among those that executed any of some stages (a JSON array of stage IDs).
SELECT r.run_id FROM run_rows r
WHERE EXISTS (SELECT 1 FROM execution_rows e
              WHERE e.run_id = r.run_id AND e.stage_id IN (SELECT value FROM json_each(:stage_ids)))
ORDER BY r.run_id DESC LIMIT 1 OFFSET :back
