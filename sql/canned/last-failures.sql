-- The newest executions that failed: why, and where their logs are.
SELECT execution_id, run_id, stage, attempt, state, error, finished_at, log_path
FROM executions WHERE state IN ('failed', 'timed_out', 'out_of_memory', 'lost') ORDER BY execution_id DESC LIMIT 20
