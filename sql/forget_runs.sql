-- The runs themselves (a JSON array of their numbers), after everything that refers to them.
DELETE FROM run_rows WHERE run_id IN (SELECT value FROM json_each(:run_ids))
