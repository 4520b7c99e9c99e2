-- An execution that succeeded made what its stage's outputs are now.
INSERT INTO current_executions (stage_id, execution_id)
SELECT stage_id, execution_id FROM execution_rows WHERE execution_id = :execution_id
ON CONFLICT (stage_id) DO UPDATE SET execution_id = excluded.execution_id
