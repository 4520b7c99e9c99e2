-- The engine's name for an open execution.
UPDATE execution_rows SET engine_job_id = :engine_job_id
WHERE execution_id = :execution_id AND (state = 'queued' OR state = 'running')
