-- Deletes the tags and notes of some runs (a JSON array of run IDs).
DELETE FROM tag_rows WHERE run_id IN (SELECT value FROM json_each(:run_ids))
