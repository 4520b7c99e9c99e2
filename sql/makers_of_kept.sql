-- Of some executions (a JSON array of their numbers), newest first: the stage, how it ended, and whether its run ended
-- before a time while no output of today comes from it.
SELECT e.execution_id, e.stage_id, e.state, r.status <> 'running' AND r.finished_at < :before AND c.stage_id IS NULL
FROM json_each(:execution_ids) chosen
JOIN execution_rows e ON e.execution_id = chosen.value
JOIN run_rows r ON r.run_id = e.run_id
LEFT JOIN current_executions c ON c.stage_id = e.stage_id AND c.execution_id = e.execution_id
ORDER BY e.execution_id DESC
