-- What executions that are forgotten made (a JSON array of their numbers).
DELETE FROM execution_outputs WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
