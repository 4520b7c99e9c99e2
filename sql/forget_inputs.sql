-- What executions that are forgotten read (a JSON array of their numbers).
DELETE FROM execution_inputs WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
