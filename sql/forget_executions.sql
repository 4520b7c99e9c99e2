-- The executions themselves (a JSON array of their numbers), after everything that refers to them.
DELETE FROM execution_rows WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
