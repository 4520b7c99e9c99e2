-- Runs that ended before a time.
SELECT run_id FROM run_rows WHERE status <> 'running' AND finished_at < :before ORDER BY run_id
