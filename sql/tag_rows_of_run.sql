-- The tags and notes of a run and of its executions.
SELECT execution_id, tag, note, created_at FROM tags WHERE run_id = :run_id
