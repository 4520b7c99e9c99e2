-- Runs that can be deleted: they ended before a time, have no tag, and all their executions are deleted (a JSON array
-- of execution IDs), also those that another run took over.
SELECT r.run_id FROM run_rows r
WHERE r.status <> 'running' AND r.finished_at < :before
  AND NOT EXISTS (SELECT 1 FROM tag_rows t WHERE t.run_id = r.run_id AND t.tag IS NOT NULL)
  AND NOT EXISTS (
    SELECT 1 FROM execution_rows e
    WHERE e.run_id = r.run_id AND e.execution_id NOT IN (SELECT value FROM json_each(:execution_ids)))
  AND NOT EXISTS (
    SELECT 1 FROM execution_rows e
    WHERE e.first_run_id = r.run_id AND e.execution_id NOT IN (SELECT value FROM json_each(:execution_ids)))
