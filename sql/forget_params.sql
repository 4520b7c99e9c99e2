-- Params of executions that are forgotten (a JSON array of their numbers).
DELETE FROM execution_params WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
