-- The verdicts of a run that are kept as one set.
UPDATE run_rows SET unexecuted_set_id = :unexecuted_set_id WHERE run_id = :run_id
