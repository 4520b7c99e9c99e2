-- Deletes runs (a JSON array of run IDs), after everything that refers to them.
DELETE FROM run_rows WHERE run_id IN (SELECT value FROM json_each(:run_ids))
