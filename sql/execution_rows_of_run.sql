-- The executions of a run, in the order in which they began.
SELECT * FROM executions WHERE run_id = :run_id ORDER BY execution_id
