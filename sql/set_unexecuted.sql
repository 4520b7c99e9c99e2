-- The decisions of a run that are stored as one set.
UPDATE run_rows SET unexecuted_set_id = :unexecuted_set_id WHERE run_id = :run_id
