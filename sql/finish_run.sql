-- A run ends, once.
UPDATE run_rows SET status = :status, finished_at = :finished_at, wall_seconds = :wall_seconds,
  stages_executed = :executed, stages_fresh = :fresh, stages_restored = :restored, stages_failed = :failed,
  stages_blocked = :blocked
WHERE run_id = :run_id AND status = 'running'
