-- The current outputs of a stage come from this execution.
INSERT INTO current_executions (stage_id, execution_id) VALUES (:stage_id, :execution_id)
ON CONFLICT (stage_id) DO UPDATE SET execution_id = excluded.execution_id
