-- For some executions (a JSON array of execution IDs), newest first: the stage, the state, whether the run ended before
-- a time while no current output comes from it, and how many versions the stage now keeps.
SELECT e.execution_id, e.stage_id, e.state, r.status <> 'running' AND r.finished_at < :before AND c.stage_id IS NULL,
  (SELECT n.keep FROM execution_rows n WHERE n.stage_id = e.stage_id ORDER BY n.execution_id DESC LIMIT 1)
FROM json_each(:execution_ids) chosen
JOIN execution_rows e ON e.execution_id = chosen.value
JOIN run_rows r ON r.run_id = e.run_id
LEFT JOIN current_executions c ON c.stage_id = e.stage_id AND c.execution_id = e.execution_id
ORDER BY e.execution_id DESC
