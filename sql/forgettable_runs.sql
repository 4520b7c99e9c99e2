-- Runs that ended before a time, bear no label, and all of whose executions go (a JSON array of their numbers), those
-- that another run took over from them included.
SELECT r.run_id FROM run_rows r
WHERE r.status <> 'running' AND r.finished_at < :before
  AND NOT EXISTS (SELECT 1 FROM tag_rows t WHERE t.run_id = r.run_id AND t.tag IS NOT NULL)
  AND NOT EXISTS (
    SELECT 1 FROM execution_rows e
    WHERE e.run_id = r.run_id AND e.execution_id NOT IN (SELECT value FROM json_each(:execution_ids)))
  AND NOT EXISTS (
    SELECT 1 FROM execution_rows e
    WHERE e.first_run_id = r.run_id AND e.execution_id NOT IN (SELECT value FROM json_each(:execution_ids)))
