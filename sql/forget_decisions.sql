-- What runs that are forgotten (a JSON array of their numbers) concluded.
DELETE FROM decision_rows WHERE run_id IN (SELECT value FROM json_each(:run_ids))
