-- An input of an execution.
INSERT INTO execution_inputs (execution_id, name_id, artifact_id) VALUES (:execution_id, :name_id, :artifact_id)
ON CONFLICT DO NOTHING
