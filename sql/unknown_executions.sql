-- Which of some executions (a JSON array of execution IDs) are not in the store.
SELECT chosen.value FROM json_each(:execution_ids) chosen
WHERE NOT EXISTS (SELECT 1 FROM execution_rows e WHERE e.execution_id = chosen.value)
