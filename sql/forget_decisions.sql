-- Deletes the decisions of some runs (a JSON array of run IDs).
DELETE FROM decision_rows WHERE run_id IN (SELECT value FROM json_each(:run_ids))
