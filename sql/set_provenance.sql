-- Provenance that was collected while stages were already running.
UPDATE run_rows SET machine_id = :machine_id, git_dirty = :git_dirty, git_diff_id = :git_diff_id WHERE run_id = :run_id
