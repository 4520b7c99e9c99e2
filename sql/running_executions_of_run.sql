-- Executions of a run whose end nobody recorded.
SELECT e.execution_id, s.name, e.token FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id
WHERE e.run_id = :run_id AND e.state = 'running'
