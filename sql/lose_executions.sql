-- The open executions of a run that is lost.
UPDATE execution_rows SET state = 'lost', finished_at = :at, error = 'runs ended without recording its end'
WHERE run_id = :run_id AND (state = 'queued' OR state = 'running')
