-- A queued execution starts. Clocks of two hosts may differ by more than it waited.
UPDATE execution_rows SET state = 'running', started_at = :started_at, host = :host, gpu_ids = :gpu_ids,
  queued_seconds = max(0, round((julianday(:started_at) - julianday(submitted_at)) * 86400, 3)),
  engine_job_id = coalesce(:engine_job_id, engine_job_id)
WHERE execution_id = :execution_id AND state = 'queued'
