-- What forgotten executions (a JSON array of their numbers) read of others, and others of them.
DELETE FROM input_makers
WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
  OR maker_id IN (SELECT value FROM json_each(:execution_ids))
