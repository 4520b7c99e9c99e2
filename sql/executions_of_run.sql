-- The IDs of a run's executions with their stages, in the order in which they began.
SELECT e.execution_id, s.name AS stage FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id
WHERE e.run_id = :run_id ORDER BY e.execution_id
