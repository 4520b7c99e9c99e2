-- Deletes executions (a JSON array of execution IDs), after everything that refers to them.
DELETE FROM execution_rows WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
