-- Deletes the tags and notes of some executions (a JSON array of execution IDs).
DELETE FROM tag_rows WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
