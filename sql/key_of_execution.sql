-- The digest of everything that determines an execution's result.
SELECT key FROM execution_rows WHERE execution_id = :execution_id
