-- The newest run.
SELECT max(run_id) AS run_id FROM run_rows
