-- And so are its executions.
UPDATE execution_rows SET state = 'lost', finished_at = :at, error = 'the program that ran it is gone'
WHERE run_id = :run_id AND state = 'running'
