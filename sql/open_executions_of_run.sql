-- Executions of a run whose end was not recorded.
SELECT e.execution_id, s.name, e.token, e.state, e.attempt, e.key, e.engine, e.engine_job_id, e.log_path, e.first_run_id
FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id
WHERE e.run_id = :run_id AND (e.state = 'queued' OR e.state = 'running')
