-- Which of some executions (a JSON array of their numbers) the store does not know.
SELECT chosen.value FROM json_each(:execution_ids) chosen
WHERE NOT EXISTS (SELECT 1 FROM execution_rows e WHERE e.execution_id = chosen.value)
