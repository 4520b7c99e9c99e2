-- A succeeded execution made the current outputs of its stage.
INSERT INTO current_executions (stage_id, execution_id)
SELECT stage_id, execution_id FROM execution_rows WHERE execution_id = :execution_id
ON CONFLICT (stage_id) DO UPDATE SET execution_id = excluded.execution_id
