-- Variables of executions that are forgotten (a JSON array of their numbers).
DELETE FROM execution_environment WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
