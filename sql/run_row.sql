-- The row of a run with the columns of the view.
SELECT * FROM runs WHERE run_id = :run_id
