-- A run, for whom it may concern.
SELECT * FROM runs WHERE run_id = :run_id
