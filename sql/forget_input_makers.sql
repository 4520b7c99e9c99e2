-- Deletes the links between some executions (a JSON array of execution IDs) and what they read from others, and others
-- from them.
DELETE FROM input_makers
WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
  OR maker_id IN (SELECT value FROM json_each(:execution_ids))
