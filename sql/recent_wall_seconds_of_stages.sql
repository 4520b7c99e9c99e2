-- The same for some stages (a JSON array of stage IDs).
SELECT s.name, e.wall_seconds
FROM json_each(:stage_ids) chosen JOIN stages s ON s.stage_id = chosen.value
JOIN execution_rows e ON e.execution_id IN
  (SELECT x.execution_id FROM execution_rows x
   WHERE x.stage_id = s.stage_id AND x.state = 'succeeded' AND x.accepted = 0
   ORDER BY x.execution_id DESC LIMIT 9)
