-- Labels of executions that are forgotten (a JSON array of their numbers).
DELETE FROM tag_rows WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
