-- Which of some runs (a JSON array of run IDs) are not running, or are unknown; without those whose executions another
-- run has taken over and has not seen the end of.
SELECT chosen.value FROM json_each(:run_ids) chosen
WHERE NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = chosen.value AND r.status = 'running')
  AND NOT EXISTS (
    SELECT 1 FROM execution_rows e WHERE e.first_run_id = chosen.value AND e.state IN ('queued', 'running'))
