-- Runs that ended before a time, together with the runs that took executions over from them.
SELECT r.run_id FROM run_rows r
WHERE r.status <> 'running' AND r.finished_at < :before AND NOT EXISTS (
  SELECT 1 FROM execution_rows e JOIN run_rows a ON a.run_id = e.run_id
  WHERE e.first_run_id = r.run_id AND (a.finished_at IS NULL OR a.finished_at >= :before))
ORDER BY r.run_id
