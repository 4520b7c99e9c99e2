-- Whether there is such a run.
SELECT run_id FROM run_rows WHERE run_id = :run_id
