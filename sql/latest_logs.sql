-- The newest execution of each of some stages (a JSON array of stage IDs), in one run or in all.
SELECT e.execution_id, s.name AS stage, e.state, e.log_path, e.run_id
FROM json_each(:stage_ids) chosen
JOIN execution_rows e ON e.execution_id =
  (SELECT max(x.execution_id) FROM execution_rows x
   WHERE x.stage_id = chosen.value AND (:run_id IS NULL OR x.run_id = :run_id))
JOIN stages s ON s.stage_id = e.stage_id ORDER BY s.stage_id
