-- The program of a run is gone without a word.
UPDATE run_rows SET status = 'lost', finished_at = :at,
  stages_executed = (SELECT count(DISTINCT stage_id) FROM execution_rows e WHERE e.run_id = run_rows.run_id)
WHERE run_id = :run_id AND status = 'running'
