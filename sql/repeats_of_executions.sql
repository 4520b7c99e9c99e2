-- For each of some executions (a JSON array of execution IDs) that was a repeat, the succeeded repeats of its stage in
-- its run.
SELECT own.execution_id, e.execution_id
FROM json_each(:execution_ids) chosen
JOIN execution_rows own ON own.execution_id = chosen.value
JOIN execution_rows e ON e.stage_id = own.stage_id
WHERE own.repetition IS NOT NULL AND own.state = 'succeeded' AND own.rejected = 0 AND +e.run_id = own.run_id
  AND e.repetition IS NOT NULL AND e.state = 'succeeded' AND e.rejected = 0
ORDER BY own.execution_id, e.execution_id
