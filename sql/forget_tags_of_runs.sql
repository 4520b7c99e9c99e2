-- Labels of runs that are forgotten (a JSON array of their numbers).
DELETE FROM tag_rows WHERE run_id IN (SELECT value FROM json_each(:run_ids))
