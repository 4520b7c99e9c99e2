-- Numbers that executions reported that are forgotten (a JSON array of their numbers).
DELETE FROM metric_points WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
