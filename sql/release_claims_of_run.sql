-- What the executions of a lost run held: before they are lost, for only running ones hold anything.
DELETE FROM path_claims
WHERE execution_id IN (SELECT execution_id FROM execution_rows WHERE run_id = :run_id AND state = 'running')
