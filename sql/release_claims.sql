-- What an execution held.
DELETE FROM path_claims WHERE execution_id = :execution_id
