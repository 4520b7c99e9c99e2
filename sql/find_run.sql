-- Whether a run exists.
SELECT run_id FROM run_rows WHERE run_id = :run_id
