-- Clears the deleted executions (a JSON array of execution IDs) in the decisions of runs that stay.
UPDATE decision_rows SET execution_id = NULL
WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
