-- Deletes the metrics of some executions (a JSON array of execution IDs).
DELETE FROM metric_points WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
