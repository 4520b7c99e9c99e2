-- What determined an execution's result, as one number.
SELECT key FROM execution_rows WHERE execution_id = :execution_id
