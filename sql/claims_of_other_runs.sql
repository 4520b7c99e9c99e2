-- Everything that running executions of other runs hold.
SELECT e.run_id, e.execution_id, s.name, e.key, p.path, c.is_output
FROM run_rows r
JOIN execution_rows e ON e.run_id = r.run_id AND e.state = 'running'
JOIN path_claims c ON c.execution_id = e.execution_id
JOIN paths p ON p.path_id = c.path_id
JOIN stages s ON s.stage_id = e.stage_id
WHERE r.status = 'running' AND r.run_id <> :run_id
