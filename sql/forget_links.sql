-- Verdicts of runs that stay no longer name the executions that go (a JSON array of their numbers).
UPDATE decision_rows SET execution_id = NULL
WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
