-- Lost executions whose processes can still be on this host: of this boot, and not of a store that this one was copied
-- from.
SELECT e.execution_id, s.name, e.token, e.state, e.attempt, e.key, e.engine, e.engine_job_id, e.log_path, e.first_run_id
FROM run_rows r
JOIN execution_rows e ON e.run_id = r.run_id AND e.state = 'lost'
JOIN stages s ON s.stage_id = e.stage_id
WHERE r.status = 'lost' AND r.folder_id = :folder_id AND r.boot_id = :boot_id
