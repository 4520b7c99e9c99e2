-- Deletes the GPU samples of some executions (a JSON array of execution IDs).
DELETE FROM gpu_sample_rows WHERE execution_id IN (SELECT value FROM json_each(:execution_ids))
