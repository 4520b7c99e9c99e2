-- A run is lost. The new epoch keeps its program from writing, should it still be alive.
UPDATE run_rows SET status = 'lost', finished_at = :at, epoch = epoch + 1,
  stages_executed = (SELECT count(DISTINCT stage_id) FROM execution_rows e WHERE e.run_id = run_rows.run_id)
WHERE run_id = :run_id AND status = 'running'
