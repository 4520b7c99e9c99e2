-- Deletes the params of some executions (a JSON array of execution IDs).
DELETE FROM execution_params WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
