-- Open executions of a run (a JSON array of their numbers) become those of another run.
UPDATE execution_rows SET run_id = :by, first_run_id = coalesce(first_run_id, run_id)
WHERE execution_id IN (SELECT value FROM json_each(:execution_ids)) AND run_id = :run_id
  AND (state = 'queued' OR state = 'running')
