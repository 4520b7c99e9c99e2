-- Which of some runs (a JSON array of run IDs) are not in the store.
SELECT chosen.value FROM json_each(:run_ids) chosen
WHERE NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = chosen.value)
