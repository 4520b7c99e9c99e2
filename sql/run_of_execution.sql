-- The run that an execution belongs to.
SELECT run_id FROM execution_rows WHERE execution_id = :execution_id
