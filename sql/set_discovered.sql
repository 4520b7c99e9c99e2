-- What an execution read without naming it.
UPDATE execution_rows SET discovered_set_id = :discovered_set_id WHERE execution_id = :execution_id
